//! Hand-written entry points (x86-64, System V), as naked functions.
//!
//! Managed frames keep frame pointers, and all managed code finds its thread in r15.

use core::arch::naked_asm;

use crate::object::ObjRef;
use crate::threads::{Thread, ThreadLayout};
use crate::unwind::Resume;

/// Calls `callback(data, sp)` with all callee-saved registers on the stack above `sp`.
#[unsafe(naked)]
extern "C" fn spill_and_call(callback: extern "C" fn(*mut u8, usize), data: *mut u8) {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rsp",
        "call rax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Runs `f(sp)` with every register of the caller that may hold a reference stored above `sp`.
pub fn with_spilled_registers(mut f: impl FnMut(usize)) {
    extern "C" fn call<F: FnMut(usize)>(data: *mut u8, sp: usize) {
        // SAFETY: `data` is the `&mut F` below, alive for the call.
        let f = unsafe { &mut *data.cast::<F>() };
        f(sp);
    }
    fn callback_of<F: FnMut(usize)>(_: &F) -> extern "C" fn(*mut u8, usize) {
        call::<F>
    }
    let callback = callback_of(&f);
    spill_and_call(callback, (&raw mut f).cast());
}

/// Enters managed code through a compiled invoke stub (see `ferrocil_jit::StubKind::Invoke`):
/// saves what System V wants preserved, sets r15, calls `stub(thread, code, args, ret)`.
///
/// # Safety
/// `stub` is an invoke stub for the signature of `code`; `args` and `ret` fit it.
#[unsafe(naked)]
pub unsafe extern "C" fn enter_managed(
    thread: *const Thread,
    code: usize,
    args: *const u64,
    ret: *mut u8,
    stub: usize,
) -> ObjRef {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov r15, rdi",
        "call r8",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Calls a filter funclet: `funclet(thread, frame, exception) -> i32` with r15 set.
///
/// # Safety
/// `funclet` is a compiled filter and `frame` the context of its parent's live frame.
#[unsafe(naked)]
pub unsafe extern "C" fn call_filter(
    thread: *const Thread,
    frame: usize,
    exception: ObjRef,
    funclet: usize,
) -> i32 {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov r15, rdi",
        "call rcx",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Continues at the [`Resume`] that lies at rsp, once on the new stack closing the stack
/// guard if the unwinder asked for it.
#[unsafe(naked)]
extern "C" fn resume() {
    naked_asm!(
        "mov r11, [rsp]",
        "mov r10, [rsp + 8]",
        "mov rbp, [rsp + 16]",
        "mov rax, [rsp + 24]",
        "mov rdx, [rsp + 32]",
        "mov rcx, [rsp + 40]",
        "mov rsp, r10",
        "test rcx, rcx",
        "jne 2f",
        "jmp r11",
        "2:",
        "push rax",
        "push rdx",
        "push r11",
        "push r11",
        "mov rdi, r15",
        "call {close}",
        "pop r11",
        "pop r11",
        "pop rdx",
        "pop rax",
        "jmp r11",
        close = sym crate::unwind::entry::close_stack_guard,
    )
}

macro_rules! raise_stub {
    ($(#[$doc:meta])* $name:ident => $target:path) => {
        $(#[$doc])*
        ///
        /// Managed convention: (thread, a, b). Adds the caller's frame pointer, the return
        /// address and room for a [`Resume`], then continues where the unwinder says.
        #[unsafe(naked)]
        pub extern "C" fn $name() {
            naked_asm!(
                "push rbp",
                "mov rbp, rsp",
                "sub rsp, 48",
                "mov rcx, [rbp]",
                "mov r8, [rbp + 8]",
                "mov r9, rsp",
                // They hold what managed code left there, and are never restored.
                "xor ebx, ebx",
                "xor r12d, r12d",
                "xor r13d, r13d",
                "xor r14d, r14d",
                "call {target}",
                "jmp {resume}",
                target = sym $target,
                resume = sym resume,
            )
        }
    };
}

raise_stub!(/// `throw`.
    throw => crate::unwind::entry::throw);
raise_stub!(/// `rethrow`.
    rethrow => crate::unwind::entry::rethrow);
raise_stub!(/// Raises the pending exception.
    raise_pending => crate::unwind::entry::raise_pending);
raise_stub!(/// Goes on after an exceptional finally handler.
    resume_unwind => crate::unwind::entry::resume_unwind);
raise_stub!(/// Throws an exception that compiled code found.
    throw_kind => crate::unwind::entry::throw_kind);
raise_stub!(/// Throws a deferred resolution error.
    throw_deferred => crate::unwind::entry::throw_deferred);
raise_stub!(/// Throws InvalidCastException.
    throw_invalid_cast => crate::unwind::entry::throw_invalid_cast);

const _: () = {
    assert!(std::mem::offset_of!(Resume, pc) == 0);
    assert!(std::mem::offset_of!(Resume, sp) == 8);
    assert!(std::mem::offset_of!(Resume, fp) == 16);
    assert!(std::mem::offset_of!(Resume, payload0) == 24);
    assert!(std::mem::offset_of!(Resume, payload1) == 32);
    assert!(std::mem::offset_of!(Resume, close_guard) == 40);
    assert!(size_of::<Resume>() == 48);
};

/// Where a hardware trap in compiled code continues: the signal handler has put the
/// kind in rsi and the faulting pc in rdx; rbp and r15 are those of the faulting frame.
#[unsafe(naked)]
pub extern "C" fn trap() {
    naked_asm!(
        "and rsp, -16",
        "sub rsp, 48",
        "mov rdi, r15",
        "mov rcx, rbp",
        "mov r8, rdx",
        "mov r9, rsp",
        "xor ebx, ebx",
        "xor r12d, r12d",
        "xor r13d, r13d",
        "xor r14d, r14d",
        "call {target}",
        "jmp {resume}",
        target = sym crate::unwind::entry::trap,
        resume = sym resume,
    )
}

/// First call of a method: r11 holds its `MethodEntry`. Saves the argument registers where the
/// collector sees them and the callee-saved ones where it does not (`emit::ENTRY_SAVES`), asks
/// the runtime for the code, and goes there; a failure raises in the caller's frame.
#[unsafe(naked)]
pub extern "C" fn prestub() {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "sub rsp, 112",
        "mov [rsp], rdi",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "movsd [rsp + 48], xmm0",
        "movsd [rsp + 56], xmm1",
        "movsd [rsp + 64], xmm2",
        "movsd [rsp + 72], xmm3",
        "movsd [rsp + 80], xmm4",
        "movsd [rsp + 88], xmm5",
        "movsd [rsp + 96], xmm6",
        "movsd [rsp + 104], xmm7",
        "mov rax, [rbp]",
        "mov [r15 + {fp}], rax",
        "mov rax, [rbp + 8]",
        "mov [r15 + {pc}], rax",
        "mov rdi, r15",
        "mov rsi, r11",
        "xor ebx, ebx",
        "xor r12d, r12d",
        "xor r13d, r13d",
        "xor r14d, r14d",
        "call {target}",
        "mov rdi, [rsp]",
        "mov rsi, [rsp + 8]",
        "mov rdx, [rsp + 16]",
        "mov rcx, [rsp + 24]",
        "mov r8, [rsp + 32]",
        "mov r9, [rsp + 40]",
        "movsd xmm0, [rsp + 48]",
        "movsd xmm1, [rsp + 56]",
        "movsd xmm2, [rsp + 64]",
        "movsd xmm3, [rsp + 72]",
        "movsd xmm4, [rsp + 80]",
        "movsd xmm5, [rsp + 88]",
        "movsd xmm6, [rsp + 96]",
        "movsd xmm7, [rsp + 104]",
        // Later Rust frames lie here: leave no references behind.
        "xorps xmm8, xmm8",
        "movups [rsp], xmm8",
        "movups [rsp + 16], xmm8",
        "movups [rsp + 32], xmm8",
        "add rsp, 112",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "test rax, rax",
        "je 2f",
        "jmp rax",
        "2:",
        "mov rdi, r15",
        "jmp {raise}",
        fp = const ThreadLayout::ANCHOR_FP,
        pc = const ThreadLayout::ANCHOR_PC,
        target = sym crate::exec::prestub,
        raise = sym raise_pending,
    )
}
