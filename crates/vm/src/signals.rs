//! Hardware traps of compiled code: null references, explicit trap instructions,
//! stack overflow.
//!
//! The handlers are the one thing that is shared by all runtimes of a process. They
//! are installed with the first runtime and pass on every signal that does not come
//! from compiled code to whatever was there before.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use ferrocil_jit::host::ThrowKind;

use crate::domain::DomainRoot;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::runtime::Runtime;
use crate::stubs::asm;
use crate::threads::Thread;

const MAX_RUNTIMES: usize = 4096;
const SIGNALS: [libc::c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

static RUNTIMES: [AtomicPtr<Runtime>; MAX_RUNTIMES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; MAX_RUNTIMES];
static INSTALL: Once = Once::new();
/// What was there before; written once, before our handlers can run.
static PREVIOUS: [AtomicPtr<libc::sigaction>; SIGNALS.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SIGNALS.len()];

thread_local! {
    /// The attached thread whose stack guard this OS thread has, for faults in Rust code.
    static GUARDED: Cell<*const Thread> = const { Cell::new(ptr::null()) };
}

/// Makes traps in a runtime's code known to the handlers.
pub(crate) fn register(runtime: &Runtime) -> LoadResult<()> {
    INSTALL.call_once(install);
    let pointer = ptr::from_ref(runtime).cast_mut();
    for slot in &RUNTIMES {
        if slot
            .compare_exchange(
                ptr::null_mut(),
                pointer,
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
        {
            return Ok(());
        }
    }
    Err(LoadError::new(
        LoadErrorKind::OutOfMemory,
        "",
        format!("more than {MAX_RUNTIMES} runtimes in one process"),
    ))
}

/// Forgets a runtime.
pub(crate) fn unregister(runtime: &Runtime) {
    let pointer = ptr::from_ref(runtime).cast_mut();
    for slot in &RUNTIMES {
        let _ = slot.compare_exchange(
            pointer,
            ptr::null_mut(),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
    }
}

/// Notes whose stack guard this OS thread has.
pub(crate) fn set_guarded(thread: *const Thread) {
    GUARDED.with(|g| g.set(thread));
}

fn install() {
    for (i, &signal) in SIGNALS.iter().enumerate() {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        let previous = Box::into_raw(Box::new(MaybeUninit::<libc::sigaction>::zeroed()))
            .cast::<libc::sigaction>();
        // SAFETY: both structures are valid; the handler has the signature SA_SIGINFO asks for and
        // only touches what the comments there say.
        unsafe {
            let a = action.assume_init_mut();
            a.sa_sigaction = handler as *const () as usize;
            a.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
            libc::sigemptyset(&raw mut a.sa_mask);
            PREVIOUS[i].store(previous, Ordering::Release);
            libc::sigaction(signal, a, previous);
        }
    }
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid context for SA_SIGINFO handlers.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    // SAFETY: the kernel passes valid information.
    let fault = unsafe { (*info).si_addr() } as usize;
    if !handle(signal, registers, fault) {
        pass_on(signal, info, context);
    }
}

fn handle(signal: libc::c_int, registers: &mut [i64; 23], fault: usize) -> bool {
    let pc = registers[libc::REG_RIP as usize] as usize;
    let runtime = RUNTIMES.iter().find_map(|slot| {
        let pointer = slot.load(Ordering::Acquire);
        // SAFETY: registered runtimes are alive; they unregister before they are dropped.
        let runtime = unsafe { pointer.as_ref() }?;
        runtime.arena().contains(pc).then_some(runtime)
    });
    let memory_fault = signal == libc::SIGSEGV || signal == libc::SIGBUS;
    let Some(runtime) = runtime else {
        // A fault in Rust code that ran into the stack guard of its thread.
        let thread = GUARDED.with(Cell::get);
        // SAFETY: the cell holds null or the attached thread of this OS thread.
        let Some(thread) = (unsafe { thread.as_ref() }) else {
            return false;
        };
        if memory_fault && in_guard(thread, fault) && thread.open_stack_guard() {
            // It goes on in the opened pages; the exception is raised on its way back.
            thread.set_pending(thread.domain().root(DomainRoot::StackOverflow));
            return true;
        }
        return false;
    };
    // SAFETY: managed code has its thread in r15.
    let thread = unsafe { &*(registers[libc::REG_R15 as usize] as *const Thread) };
    if memory_fault && in_guard(thread, fault) {
        if !thread.open_stack_guard() {
            return false;
        }
        // The frame may be half made: raise in the last complete one.
        continue_at_trap(registers, ThrowKind::StackOverflow, pc);
        return true;
    }
    let Some(code) = runtime.codemap.find(pc) else {
        return false;
    };
    let Some(kind) = code.tables.trap_at((pc - code.start) as u32) else {
        return false;
    };
    if memory_fault && kind == ThrowKind::StackOverflow {
        return false;
    }
    continue_at_trap(registers, kind, pc);
    true
}

fn in_guard(thread: &Thread, address: usize) -> bool {
    let (start, end) = thread.guard();
    (start..end).contains(&address)
}

fn continue_at_trap(registers: &mut [i64; 23], kind: ThrowKind, pc: usize) {
    registers[libc::REG_RSI as usize] = kind as u64 as i64;
    registers[libc::REG_RDX as usize] = pc as i64;
    registers[libc::REG_RIP as usize] = asm::trap as *const () as usize as i64;
}

/// Calls the handler that was there before ours.
fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let index = SIGNALS.iter().position(|&s| s == signal).unwrap_or(0);
    // SAFETY: written before our handlers were installed, and never freed.
    let previous = unsafe { &*PREVIOUS[index].load(Ordering::Acquire) };
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: the default action, then the faulting instruction runs again.
            unsafe {
                let mut action = MaybeUninit::<libc::sigaction>::zeroed();
                action.assume_init_mut().sa_sigaction = libc::SIG_DFL;
                libc::sigaction(signal, action.as_ptr(), ptr::null_mut());
            }
        }
        address if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: it was installed with SA_SIGINFO, so it takes these three arguments.
            let call: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                unsafe { std::mem::transmute(address) };
            call(signal, info, context);
        }
        address => {
            // SAFETY: it was installed without SA_SIGINFO, so it takes the signal alone.
            let call: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(address) };
            call(signal);
        }
    }
}
