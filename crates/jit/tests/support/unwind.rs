//! Helpers and the unwinder of the test VM: two passes over frame-pointer frames.

use std::arch::{asm, naked_asm};
use std::sync::{Mutex, Once};

use ferrocil_jit::host::{BoxKind, Helper, ThrowKind, TypeHandle};
use ferrocil_jit::{CallSiteOut, EhClauseKind};

use super::host::T;
use super::machine::{Machine, Thread, class_of};

pub const TRAP: u32 = 100;
const THROW: u32 = 0;
const RETHROW: u32 = 1;
const PENDING: u32 = 2;
const RESUME: u32 = 3;
const KIND: u32 = 4;
const DEFERRED: u32 = 5;
const BAD_CAST: u32 = 6;

/// Exception type of deferred errors.
pub const DEFERRED_TYPE: TypeHandle = TypeHandle(T::EXCEPTION.0 + 15);

/// A search in its second pass.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    exception: u64,
    /// Frame pointer and clause position that catch.
    target: (u64, u32),
}

pub fn raising(helper: Helper) -> Option<u32> {
    Some(match helper {
        Helper::Throw => THROW,
        Helper::Rethrow => RETHROW,
        Helper::RaisePending => PENDING,
        Helper::ResumeUnwind => RESUME,
        Helper::ThrowKind => KIND,
        Helper::ThrowDeferred => DEFERRED,
        Helper::ThrowInvalidCast => BAD_CAST,
        _ => return None,
    })
}

/// Calls an invoke stub with r15 = thread.
///
/// # Safety
/// `stub` must be an invoke stub that fits the arguments.
#[unsafe(naked)]
pub unsafe extern "C" fn enter(
    thread: *const Thread,
    code: usize,
    args: *const u64,
    ret: *mut u8,
    stub: usize,
) -> usize {
    naked_asm!("push r15", "mov r15, rdi", "call r8", "pop r15", "ret")
}

fn new_exception(thread: &Thread, kind: u64) -> u64 {
    // SAFETY: the machine outlives its thread's calls.
    let machine = unsafe { &*thread.machine };
    machine.alloc(TypeHandle(T::EXCEPTION.0 + kind as u32), 24)
}

struct Frame {
    fp: u64,
    site: CallSiteOut,
    code: usize,
    index: usize,
    /// FP minus SP.
    size: u32,
}

/// The compiled frame with this return address.
fn frame(machine: &Machine, ret: u64, fp: u64) -> Frame {
    let codes = machine.codes.borrow();
    let index = codes
        .iter()
        .position(|(at, m)| (*at as u64) < ret && ret <= *at as u64 + m.code.len() as u64)
        .expect("a return address in compiled code");
    let (at, compiled) = &codes[index];
    let site = compiled
        .call_site((ret - *at as u64) as u32)
        .expect("a call site");
    Frame {
        fp,
        site: *site,
        code: *at,
        index,
        size: compiled
            .frame_at((ret - *at as u64) as u32 - 1)
            .expect("a frame")
            .frame_size,
    }
}

/// # Safety
/// Called by raise thunks only, with the state of a compiled frame.
pub unsafe extern "C" fn raise(
    thread: &mut Thread,
    a: u64,
    b: u64,
    ret: u64,
    fp: u64,
    id: u32,
) -> ! {
    // SAFETY: as above; frame pointers are chained by `preserve_frame_pointers`.
    unsafe {
        let machine = &*thread.machine;
        let (mut ret, mut fp) = (ret, fp);
        if id == TRAP {
            ret = *((fp + 8) as *const u64);
            fp = *(fp as *const u64);
        }
        let search = if id == RESUME {
            *thread
                .unwinding
                .borrow()
                .last()
                .expect("an unfinished search")
        } else {
            let exception = match id {
                THROW | RETHROW if a == 0 => new_exception(thread, ThrowKind::NullReference as u64),
                THROW | RETHROW => a,
                PENDING => std::mem::take(&mut thread.pending),
                TRAP if a == ThrowKind::Pending as u64 => std::mem::take(&mut thread.pending),
                KIND | TRAP => new_exception(thread, a),
                DEFERRED => {
                    let _ = b;
                    machine.alloc(DEFERRED_TYPE, 24)
                }
                _ => new_exception(thread, ThrowKind::InvalidCast as u64),
            };
            let target = first_pass(machine, thread, exception, ret, fp);
            let search = Search { exception, target };
            thread.unwinding.borrow_mut().push(search);
            search
        };
        second_pass(machine, thread, search, ret, fp)
    }
}

unsafe fn first_pass(
    machine: &Machine,
    thread: &Thread,
    exception: u64,
    mut ret: u64,
    mut fp: u64,
) -> (u64, u32) {
    loop {
        let frame = frame(machine, ret, fp);
        if let Some(region) = frame.site.region {
            let (clauses, kinds) = {
                let codes = machine.codes.borrow();
                let m = &codes[frame.index].1;
                (
                    m.regions[region as usize].clauses.clone(),
                    m.clauses.clone(),
                )
            };
            for (i, clause) in clauses.iter().enumerate() {
                let catches = match kinds[*clause as usize].kind {
                    EhClauseKind::CatchAll => true,
                    EhClauseKind::Catch(ty) => is_instance(machine, exception, ty),
                    EhClauseKind::Filter { funclet } => {
                        let start =
                            machine.codes.borrow()[frame.index].1.functions[funclet as usize].start;
                        let sp = frame.fp - u64::from(frame.size);
                        let offset = frame.site.context_offset.expect("a filter context");
                        // SAFETY: the call site says where the context is.
                        let context = unsafe { *((sp + u64::from(offset)) as *const u64) };
                        // SAFETY: a funclet of this frame's method.
                        unsafe {
                            call_funclet(frame.code + start as usize, thread, context, exception)
                                != 0
                        }
                    }
                    EhClauseKind::Finally | EhClauseKind::Fault => false,
                };
                if catches {
                    return (fp, i as u32);
                }
            }
        }
        // SAFETY: chained frames; the invoke stub catches everything.
        unsafe {
            ret = *((fp + 8) as *const u64);
            fp = *(fp as *const u64);
        }
    }
}

unsafe fn call_funclet(code: usize, thread: *const Thread, context: u64, exception: u64) -> i32 {
    // SAFETY: by contract a C function; r15 is the thread as `enter` set it.
    unsafe {
        let funclet: extern "C" fn(*const Thread, u64, u64, usize) -> i32 =
            std::mem::transmute(with_thread as *const ());
        funclet(thread, context, exception, code)
    }
}

/// Calls the funclet in rcx with r15 = thread.
#[unsafe(naked)]
unsafe extern "C" fn with_thread() {
    naked_asm!("push r15", "mov r15, rdi", "call rcx", "pop r15", "ret")
}

unsafe fn second_pass(
    machine: &Machine,
    thread: &mut Thread,
    search: Search,
    mut ret: u64,
    mut fp: u64,
) -> ! {
    loop {
        let frame = frame(machine, ret, fp);
        if let Some(region) = frame.site.region {
            let found = {
                let codes = machine.codes.borrow();
                let m = &codes[frame.index].1;
                let clauses = &m.regions[region as usize].clauses;
                let mut found = None;
                for (i, clause) in clauses.iter().enumerate() {
                    let caught = fp == search.target.0
                        && is_target(m, frame.site, search.target.1, i as u32);
                    let runs = matches!(
                        m.clauses[*clause as usize].kind,
                        EhClauseKind::Finally | EhClauseKind::Fault
                    );
                    if caught || runs {
                        found = Some((i as u64, caught));
                        break;
                    }
                }
                found
            };
            if let Some((position, caught)) = found {
                if caught {
                    // Searches of frames that are gone now end too.
                    thread
                        .unwinding
                        .borrow_mut()
                        .retain(|s| s.target.0 > search.target.0);
                }
                let sp = fp - u64::from(frame.size);
                let pad = frame.code + frame.site.landing_pad.expect("a landing pad") as usize;
                // SAFETY: the frame is live; the landing pad expects exactly this state.
                unsafe {
                    asm!(
                        "mov r15, {thread}",
                        "mov rsp, {sp}",
                        "mov rbp, {fp}",
                        "jmp {pad}",
                        thread = in(reg) &raw mut *thread,
                        sp = in(reg) sp,
                        fp = in(reg) fp,
                        pad = in(reg) pad,
                        in("rax") search.exception,
                        in("rdx") position,
                        options(noreturn)
                    )
                }
            }
        }
        // SAFETY: chained frames.
        unsafe {
            ret = *((fp + 8) as *const u64);
            fp = *(fp as *const u64);
        }
    }
}

/// Whether position `i` of this site's region is the clause that the first pass found. After a
/// finally the site is another one, with the inner clauses gone: compare from the end.
fn is_target(m: &ferrocil_jit::CompiledMethod, site: CallSiteOut, target: u32, i: u32) -> bool {
    let _ = m;
    let _ = site;
    // Tests nest at most one catching clause per frame behind a finally.
    match site
        .region
        .map(|r| m.clauses[m.regions[r as usize].clauses[i as usize] as usize].kind)
    {
        Some(EhClauseKind::Catch(_) | EhClauseKind::CatchAll | EhClauseKind::Filter { .. }) => {
            let list = &m.regions[site.region.unwrap_or(0) as usize].clauses;
            i == target || list.len() as u32 <= target
        }
        _ => false,
    }
}

pub fn is_instance(machine: &Machine, object: u64, ty: TypeHandle) -> bool {
    let types = machine.host.types.borrow();
    let mut at = Some(class_of(object));
    while let Some(t) = at {
        if t == ty {
            return true;
        }
        at = types[t.0 as usize].parent;
    }
    ty == T::OBJECT
}

// Helpers. SAFETY of all: compiled code passes what the signatures say.

extern "C" fn alloc_object(t: &Thread, vtable: u64) -> u64 {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    let ty = m.type_of_vtable(vtable);
    let size = m.host.types.borrow()[ty.0 as usize].instance;
    m.alloc(ty, size as usize)
}

fn throw(t: &mut Thread, kind: ThrowKind) -> u64 {
    t.pending = new_exception(t, kind as u64);
    0
}

extern "C" fn alloc_vector(t: &mut Thread, vtable: u64, length: i64) -> u64 {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    if length < 0 {
        return throw(t, ThrowKind::Overflow);
    }
    let ty = m.type_of_vtable(vtable);
    let elem = m.host.types.borrow()[ty.0 as usize].elem.expect("an array");
    let size = m.host.types.borrow()[elem.0 as usize].layout.size;
    let object = m.alloc(ty, 16 + size as usize * length as usize);
    // SAFETY: the new object.
    unsafe { *((object + 8) as *mut u32) = length as u32 };
    object
}

extern "C" fn alloc_array(t: &mut Thread, vtable: u64, args: *const i32, with_bounds: u64) -> u64 {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    let ty = m.type_of_vtable(vtable);
    let data = m.host.types.borrow()[ty.0 as usize].clone();
    let size = m.host.types.borrow()[data.elem.expect("an array").0 as usize]
        .layout
        .size;
    let rank = data.rank as usize;
    let pair = |i: usize| {
        // SAFETY: `rank` lengths or pairs.
        unsafe {
            if with_bounds != 0 {
                (*args.add(2 * i), *args.add(2 * i + 1))
            } else {
                (0, *args.add(i))
            }
        }
    };
    let total: i32 = (0..rank).map(|i| pair(i).1).product();
    let object = m.alloc(ty, 16 + 8 * rank + size as usize * total as usize);
    for i in 0..rank {
        // SAFETY: the new object.
        unsafe {
            *((object as usize + 16 + 4 * i) as *mut i32) = pair(i).1;
            *((object as usize + 16 + 4 * rank + 4 * i) as *mut i32) = pair(i).0;
        }
    }
    // SAFETY: the new object.
    unsafe { *((object + 8) as *mut i32) = total };
    object
}

extern "C" fn is_inst(t: &Thread, object: u64, vtable: u64) -> u64 {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    if object != 0 && is_instance(m, object, m.type_of_vtable(vtable)) {
        object
    } else {
        0
    }
}

extern "C" fn cast_class(t: &mut Thread, object: u64, vtable: u64) -> u64 {
    if object == 0 || is_inst(t, object, vtable) != 0 {
        object
    } else {
        throw(t, ThrowKind::InvalidCast)
    }
}

extern "C" fn store_elem_ref(t: &mut Thread, array: u64, index: i64, value: u64) {
    // SAFETY: see above.
    let length = unsafe { *((array + 8) as *const u32) };
    if index < 0 || index >= i64::from(length) {
        throw(t, ThrowKind::IndexOutOfRange);
        return;
    }
    // SAFETY: in bounds.
    unsafe { *((array as i64 + 16 + 8 * index) as *mut u64) = value };
}

extern "C" fn check_elem_address(t: &mut Thread, array: u64, vtable: u64) {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    if class_of(array) != m.type_of_vtable(vtable) {
        throw(t, ThrowKind::ArrayTypeMismatch);
    }
}

extern "C" fn check_array_store(_: &mut Thread, _: u64, _: u64) {}

extern "C" fn resolve(t: &Thread, _object: u64, token: u64) -> u64 {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    m.entry(ferrocil_jit::host::MethodHandle((token - 0x10_0000) as u32)) as u64
}

extern "C" fn class_init(t: &Thread, vtable: u64) {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    let ty = m.type_of_vtable(vtable);
    t.log.borrow_mut().push(-(ty.0 as i32));
    let cell = m.statics.borrow()[&ferrocil_jit::host::FieldHandle(1000 + ty.0)];
    // SAFETY: a cell of the machine.
    unsafe { *(cell as *mut u8) = 1 };
}

extern "C" fn log(t: &Thread, object: u64) {
    t.log.borrow_mut().push(if object == 0 {
        0
    } else {
        class_of(object).0 as i32
    });
}

extern "C" fn poll(t: &mut Thread) {
    t.log.borrow_mut().push(777);
    t.poll = 0;
}

extern "C" fn localloc(_: &Thread, size: u64) -> u64 {
    vec![0u64; (size as usize).div_ceil(8)].leak().as_ptr() as u64
}

extern "C" fn mark(_: &Thread) -> u64 {
    1
}

extern "C" fn release(t: &Thread, mark: u64) {
    t.log.borrow_mut().push(mark as i32);
}

extern "C" fn float_rem(a: f64, b: f64) -> f64 {
    a % b
}

extern "C" fn float_to_u64(x: f64) -> u64 {
    if x.is_nan() || !(-9.3e18..18446744073709551616.0).contains(&x) {
        return 1 << 63;
    }
    if x < 0.0 { x as i64 as u64 } else { x as u64 }
}

extern "C" fn mem_copy(dst: *mut u8, src: *const u8, n: u64) {
    // SAFETY: see above.
    unsafe { std::ptr::copy(src, dst, n as usize) };
}

extern "C" fn mem_fill(dst: *mut u8, byte: u64, n: u64) {
    // SAFETY: see above.
    unsafe { std::ptr::write_bytes(dst, byte as u8, n as usize) };
}

extern "C" fn type_from_token(t: &Thread, token: u64) -> u64 {
    // SAFETY: see above.
    unsafe { &*t.machine }.alloc(TypeHandle((token - 0x1000) as u32), 16)
}

extern "C" fn unbox(t: &mut Thread, vtable: u64, object: u64) -> u64 {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    if class_of(object) == m.type_of_vtable(vtable) {
        object + 8
    } else {
        throw(t, ThrowKind::InvalidCast)
    }
}

extern "C" fn check_typed_reference(t: &mut Thread, token: u64, vtable: u64) {
    // SAFETY: see above.
    let m = unsafe { &*t.machine };
    if TypeHandle((token - 0x1000) as u32) != m.type_of_vtable(vtable) {
        throw(t, ThrowKind::InvalidCast);
    }
}

extern "C" fn new_delegate(t: &Thread, vtable: u64, target: u64, code: u64) -> u64 {
    let object = alloc_object(t, vtable);
    // SAFETY: delegates have at least two fields.
    unsafe {
        *((object + 8) as *mut u64) = target;
        *((object + 16) as *mut u64) = code;
    }
    object
}

extern "C" fn thread_static(t: &Thread, _token: u64) -> u64 {
    &raw const t.tlab[0] as u64
}

pub fn helper_address(helper: Helper) -> usize {
    let address: *const () = match helper {
        Helper::AllocObject => alloc_object as *const (),
        Helper::AllocVector => alloc_vector as *const (),
        Helper::AllocArray => alloc_array as *const (),
        Helper::IsInst => is_inst as *const (),
        Helper::CastClass => cast_class as *const (),
        Helper::StoreElemRef => store_elem_ref as *const (),
        Helper::CheckElemAddress => check_elem_address as *const (),
        Helper::CheckArrayStore => check_array_store as *const (),
        Helper::ResolveInterface | Helper::ResolveVirtual => resolve as *const (),
        Helper::ClassInit => class_init as *const (),
        Helper::ThreadStaticAddress => thread_static as *const (),
        Helper::NewDelegate => new_delegate as *const (),
        Helper::MonitorEnter | Helper::MonitorEnterTaken | Helper::MonitorExit => log as *const (),
        Helper::Poll => poll as *const (),
        Helper::Localloc => localloc as *const (),
        Helper::LocallocMark => mark as *const (),
        Helper::LocallocRelease => release as *const (),
        Helper::FloatRem => float_rem as *const (),
        Helper::FloatToU64 => float_to_u64 as *const (),
        Helper::CopyWithBarrier => mem_copy as *const (),
        Helper::MemCopy => mem_copy as *const (),
        Helper::MemFill => mem_fill as *const (),
        Helper::TypeFromToken => type_from_token as *const (),
        Helper::Unbox => unbox as *const (),
        Helper::CheckTypedReference => check_typed_reference as *const (),
        other => panic!("{other:?} raises"),
    };
    let _ = BoxKind::Value;
    address as usize
}

// Signals: a trap in compiled code becomes a call of the trap thunk.

static RANGES: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());
static INSTALL: Once = Once::new();

pub fn install(base: usize, size: usize) {
    RANGES.lock().expect("ranges").push((base, size));
    INSTALL.call_once(|| {
        // SAFETY: a handler of the right signature.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER | libc::SA_ONSTACK;
            for signal in [libc::SIGSEGV, libc::SIGILL, libc::SIGFPE, libc::SIGBUS] {
                libc::sigaction(signal, &raw const action, std::ptr::null_mut());
            }
        }
    });
}

pub fn remove(base: usize) {
    RANGES.lock().expect("ranges").retain(|r| r.0 != base);
}

extern "C" fn on_signal(signal: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid context; r15 is the thread in compiled code.
    unsafe {
        let context = &mut *context.cast::<libc::ucontext_t>();
        let regs = &mut context.uc_mcontext.gregs;
        let pc = regs[libc::REG_RIP as usize] as usize;
        let inside = RANGES
            .lock()
            .expect("ranges")
            .iter()
            .any(|(b, n)| *b <= pc && pc < b + n);
        let kind = inside
            .then(|| {
                let thread = regs[libc::REG_R15 as usize] as *const Thread;
                let machine = &*(*thread).machine;
                let codes = machine.codes.borrow();
                let found = codes
                    .iter()
                    .find(|(at, m)| *at <= pc && pc < at + m.code.len());
                found
                    .and_then(|(at, m)| m.trap_at((pc - at) as u32))
                    .map(|kind| (kind, machine.trap_thunk.get()))
            })
            .flatten();
        match kind {
            Some((kind, thunk)) => {
                regs[libc::REG_RDI as usize] = regs[libc::REG_R15 as usize];
                regs[libc::REG_RSI as usize] = kind as u64 as i64;
                regs[libc::REG_RIP as usize] = thunk as i64;
            }
            None => {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
}
