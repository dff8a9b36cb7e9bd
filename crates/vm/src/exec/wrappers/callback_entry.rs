//! The way from native code into a delegate: a thunk for each delegate names its [`Callback`] and
//! comes to [`callback_entry`], which spills the arguments into a block of [`word`]s.

use core::arch::naked_asm;

use ferrocil_gc::{HandleId, Plan as _};
use ferrocil_jit::host::CallSig;

use super::call_native::word;
use crate::binding::from_gc;
use crate::domain::Domain;
use crate::exec::invoke::InvokeTarget;
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::threads::Thread;

/// Words of the block: as far as [`word::ERRNO`].
const WORDS: usize = 20;
const _: () = assert!(word::ERRNO == WORDS && word::STACK_COUNT == 15 && word::RESULT_INTS == 16);

/// What a thunk calls.
#[derive(Debug)]
pub(super) struct Callback {
    /// The runtime, which owns the callback.
    pub(super) runtime: *const Runtime,
    /// The delegate's domain.
    pub(super) domain: *const Domain,
    /// Weak handle of the delegate.
    pub(super) delegate: HandleId,
    /// Entry of the IL that takes (delegate, block).
    pub(super) code: usize,
    pub(super) sig: CallSig,
}

// SAFETY: the pointers are to the runtime and its domain, which all threads may use.
unsafe impl Send for Callback {}
// SAFETY: nothing of it changes.
unsafe impl Sync for Callback {}

/// A thunk: `mov r10, callback; mov r11, callback_entry; jmp r11`.
pub(super) fn thunk(callback: *const Callback) -> [u8; 23] {
    let mut code = [0; 23];
    code[0..2].copy_from_slice(&[0x49, 0xba]);
    code[2..10].copy_from_slice(&(callback as u64).to_le_bytes());
    code[10..12].copy_from_slice(&[0x49, 0xbb]);
    code[12..20].copy_from_slice(&(callback_entry as *const () as u64).to_le_bytes());
    code[20..23].copy_from_slice(&[0x41, 0xff, 0xe3]);
    code
}

/// Where thunks go, with the [`Callback`] in r10 and arguments by the System V convention.
#[unsafe(naked)]
extern "C" fn callback_entry() {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, 160",
        "mov [rsp + 1*8], rdi",
        "mov [rsp + 2*8], rsi",
        "mov [rsp + 3*8], rdx",
        "mov [rsp + 4*8], rcx",
        "mov [rsp + 5*8], r8",
        "mov [rsp + 6*8], r9",
        "movsd [rsp + 7*8], xmm0",
        "movsd [rsp + 8*8], xmm1",
        "movsd [rsp + 9*8], xmm2",
        "movsd [rsp + 10*8], xmm3",
        "movsd [rsp + 11*8], xmm4",
        "movsd [rsp + 12*8], xmm5",
        "movsd [rsp + 13*8], xmm6",
        "movsd [rsp + 14*8], xmm7",
        // Arguments on the stack: behind the return address.
        "lea rax, [rbp + 16]",
        "mov [rsp + 15*8], rax",
        "mov rdi, r10",
        "mov rsi, rsp",
        "call {enter}",
        "mov rax, [rsp + 16*8]",
        "mov rdx, [rsp + 17*8]",
        "movsd xmm0, [rsp + 18*8]",
        "movsd xmm1, [rsp + 19*8]",
        "leave",
        "ret",
        enter = sym enter,
    )
}

extern "C" fn enter(callback: *const Callback, block: *mut [u64; WORDS]) {
    // SAFETY: a thunk names a callback that lives as long as the runtime.
    let callback = unsafe { &*callback };
    // SAFETY: the block is in the frame of `callback_entry`, which waits for this call.
    let results = unsafe { &mut (&mut *block)[word::RESULT_INTS..] };
    results.fill(0);
    // SAFETY: whoever drops the runtime promises that no native code still calls it.
    let runtime = unsafe { &*callback.runtime };
    // SAFETY: domains live as long as their runtime.
    let domain = unsafe { &*callback.domain };
    let attached = runtime.attach(domain);
    match &attached {
        Some(thread) => call(callback, thread, block as u64),
        None => {
            if let Some(thread) = runtime.current_thread() {
                call(callback, thread, block as u64);
            }
        }
    }
}

fn call(callback: &Callback, thread: &Thread, block: u64) {
    thread.managed(|| {
        let runtime = thread.runtime();
        let delegate: ObjRef = from_gc(runtime.heap().handle_target(callback.delegate).flatten());
        let outcome = if delegate.is_null() {
            Err(thread.throw_named(
                "System",
                "ExecutionEngineException",
                "Native code called a delegate that was collected: keep a reference to it as long as native code has its \
                 function pointer.",
            ))
        } else {
            let target = InvokeTarget {
                code: callback.code,
                sig: callback.sig.clone(),
            };
            thread.invoke_code(&target, None, &[delegate.address() as u64, block])
        };
        if outcome.is_err() {
            // Frames of native code cannot be unwound: nobody can catch it.
            let exception = thread.take_pending();
            runtime.report_unhandled(thread, exception);
        }
    });
}
