//! Internal calls: Rust functions that managed methods without a body name.
//!
//! A Rust function `fn(&Thread, A, B, …) -> Result<R, Thrown>` becomes a SystemV
//! function that compiled stubs call: [`icall`] instantiates a shim for it. An
//! `Err` has left the exception pending in the thread; the stub raises it.

use rustc_hash::FxHashMap;

use crate::object::{ArrayRef, ByRef, ObjRef, StringRef};
use crate::threads::Thread;

/// A managed exception is pending in the current thread.
///
/// Only the thread can make one (see `Thread::throw_*`), so an `Err(Thrown)`
/// always has an exception behind it.
#[derive(Debug)]
#[must_use]
pub struct Thrown(pub(crate) ());

/// Types that cross the native boundary in one register.
pub trait Abi: Copy {
    /// What stands for the value when an exception is pending.
    fn zero() -> Self;
}

macro_rules! abi_zero {
    ($($t:ty => $z:expr),* $(,)?) => { $( impl Abi for $t { fn zero() -> Self { $z } } )* };
}
abi_zero!(
    i8 => 0, u8 => 0, i16 => 0, u16 => 0, i32 => 0, u32 => 0, i64 => 0, u64 => 0,
    isize => 0, usize => 0, f32 => 0.0, f64 => 0.0, bool => false, () => (),
    ObjRef => ObjRef::NULL, StringRef => StringRef::NULL, ArrayRef => ArrayRef::NULL,
);
impl<T> Abi for *mut T {
    fn zero() -> Self {
        std::ptr::null_mut()
    }
}
impl<T> Abi for *const T {
    fn zero() -> Self {
        std::ptr::null()
    }
}
impl<T: crate::object::Plain> Abi for ByRef<T> {
    fn zero() -> Self {
        ByRef::new(std::ptr::null_mut())
    }
}

/// Address of a native function that follows the internal-call convention.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NativeFn(pub usize);

/// Functions that can become internal calls.
pub trait IcallFn<Args>: Copy {
    /// Address of the SystemV shim.
    fn shim(self) -> NativeFn;
}

macro_rules! icall_fn {
    ($($a:ident $v:ident),*) => {
        impl<Func, Ret, $($a,)*> IcallFn<(Ret, $($a,)*)> for Func
        where
            Func: Fn(&Thread, $($a),*) -> Result<Ret, Thrown> + Copy + 'static,
            Ret: Abi + 'static,
            $($a: Abi + 'static,)*
        {
            fn shim(self) -> NativeFn {
                const { assert!(size_of::<Func>() == 0, "internal calls are plain functions") };
                extern "C" fn shim<Func, Ret, $($a,)*>(thread: *mut Thread, $($v: $a),*) -> Ret
                where
                    Func: Fn(&Thread, $($a),*) -> Result<Ret, Thrown> + Copy + 'static,
                    Ret: Abi,
                {
                    // SAFETY: `Func` is zero-sized (checked at compile time), and a value of it
                    // existed when the shim was made.
                    let function: Func = unsafe { std::ptr::NonNull::<Func>::dangling().read() };
                    // SAFETY: stubs pass the current thread, which lives while it runs managed code.
                    let thread = unsafe { &*thread };
                    match function(thread, $($v),*) {
                        Ok(value) => value,
                        Err(Thrown(())) => Ret::zero(),
                    }
                }
                NativeFn(shim::<Func, Ret, $($a,)*> as *const () as usize)
            }
        }
    };
}
icall_fn!();
icall_fn!(A0 a0);
icall_fn!(A0 a0, A1 a1);
icall_fn!(A0 a0, A1 a1, A2 a2);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6, A7 a7);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6, A7 a7, A8 a8);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6, A7 a7, A8 a8, A9 a9);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6, A7 a7, A8 a8, A9 a9, A10 a10);
icall_fn!(A0 a0, A1 a1, A2 a2, A3 a3, A4 a4, A5 a5, A6 a6, A7 a7, A8 a8, A9 a9, A10 a10, A11 a11);

/// Makes a Rust function callable as an internal call.
pub fn icall<Args, F: IcallFn<Args>>(function: F) -> NativeFn {
    function.shim()
}

/// Internal calls by managed class and method.
#[derive(Default, Debug)]
pub struct IcallTable {
    entries: FxHashMap<String, NativeFn>,
}

/// Adds the internal calls of one class.
#[derive(Debug)]
pub struct ClassIcalls<'t> {
    table: &'t mut IcallTable,
    class: &'static str,
}

impl IcallTable {
    /// Starts the internal calls of a class, named as `Namespace.Outer/Nested`.
    pub fn class(&mut self, class: &'static str) -> ClassIcalls<'_> {
        ClassIcalls { table: self, class }
    }

    /// Looks a method up: first `name(sig)`, then `name`. `sig` is Mono's spelling,
    /// for example `int,System.IO.MonoIOError&`.
    #[must_use]
    pub fn find(&self, class: &str, name: &str, sig: &str) -> Option<NativeFn> {
        self.entries
            .get(&format!("{class}::{name}({sig})"))
            .or_else(|| self.entries.get(&format!("{class}::{name}")))
            .copied()
    }

    /// Number of registered functions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl ClassIcalls<'_> {
    /// Adds a method: its name, or `name(sig)` for one of several overloads.
    pub fn add(self, method: &str, function: NativeFn) -> Self {
        self.table
            .entries
            .insert(format!("{}::{method}", self.class), function);
        self
    }
}
