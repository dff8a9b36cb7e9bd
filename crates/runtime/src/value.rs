//! Rust types that stand for managed ones.

use ferrocil_vm::{Returned, StringRef, Thread, Thrown};

/// Most parameters of a typed method.
pub(crate) const MAX_ARGS: usize = 8;

/// Argument slots, on the stack, where the collector sees references.
#[derive(Debug)]
pub struct Slots([u64; MAX_ARGS]);

impl Slots {
    pub(crate) fn as_slice(&self) -> &[u64] {
        &self.0
    }
}

/// Rust types that can be passed to managed code.
pub trait ToManaged {
    /// Full name of the managed type.
    const TYPE: &'static str;
    /// The argument slot. References are those of the calling thread's runtime.
    ///
    /// # Errors
    /// OutOfMemory.
    fn to_slot(&self, thread: &Thread) -> Result<u64, Thrown>;
}

/// Rust types that can be returned from managed code.
pub trait FromManaged {
    /// Full name of the managed type.
    const TYPE: &'static str;
    /// The value.
    fn from_returned(returned: Returned) -> Self;
}

macro_rules! scalar {
    ($($t:ty => $name:literal, |$v:ident| $to:expr, |$b:ident| $from:expr;)*) => { $(
        impl ToManaged for $t {
            const TYPE: &'static str = $name;
            fn to_slot(&self, _: &Thread) -> Result<u64, Thrown> {
                let $v = *self;
                Ok($to)
            }
        }
        impl FromManaged for $t {
            const TYPE: &'static str = $name;
            fn from_returned(returned: Returned) -> Self {
                let $b = returned.bits;
                $from
            }
        }
    )* };
}
scalar! {
    bool => "System.Boolean", |v| u64::from(v), |b| b as u8 != 0;
    i8 => "System.SByte", |v| v as i64 as u64, |b| b as i8;
    u8 => "System.Byte", |v| u64::from(v), |b| b as u8;
    i16 => "System.Int16", |v| v as i64 as u64, |b| b as i16;
    u16 => "System.UInt16", |v| u64::from(v), |b| b as u16;
    i32 => "System.Int32", |v| v as i64 as u64, |b| b as i32;
    u32 => "System.UInt32", |v| u64::from(v), |b| b as u32;
    i64 => "System.Int64", |v| v as u64, |b| b as i64;
    u64 => "System.UInt64", |v| v, |b| b;
    f32 => "System.Single", |v| u64::from(v.to_bits()), |b| f32::from_bits(b as u32);
    f64 => "System.Double", |v| v.to_bits(), |b| f64::from_bits(b);
}

impl FromManaged for () {
    const TYPE: &'static str = "System.Void";
    fn from_returned(_: Returned) -> Self {}
}

impl ToManaged for &str {
    const TYPE: &'static str = "System.String";
    fn to_slot(&self, thread: &Thread) -> Result<u64, Thrown> {
        Ok(thread.new_string(self)?.object().address() as u64)
    }
}

impl ToManaged for String {
    const TYPE: &'static str = "System.String";
    fn to_slot(&self, thread: &Thread) -> Result<u64, Thrown> {
        self.as_str().to_slot(thread)
    }
}

/// A null string is the empty string; ask for `Option<String>` to tell them apart.
impl FromManaged for String {
    const TYPE: &'static str = "System.String";
    fn from_returned(returned: Returned) -> Self {
        Option::<String>::from_returned(returned).unwrap_or_default()
    }
}

impl FromManaged for Option<String> {
    const TYPE: &'static str = "System.String";
    fn from_returned(returned: Returned) -> Self {
        let object = returned.object();
        if object.is_null() {
            return None;
        }
        // SAFETY: the method's signature says that it returns a string.
        Some(unsafe { StringRef::from_object(object) }.to_string_lossy())
    }
}

/// Tuples of arguments.
pub trait Args {
    /// Full names of the managed types.
    const TYPES: &'static [&'static str];
    /// The argument slots.
    ///
    /// # Errors
    /// OutOfMemory.
    fn to_slots(&self, thread: &Thread) -> Result<Slots, Thrown>;
}

macro_rules! args {
    ($($t:ident $i:tt),*) => {
        impl<$($t: ToManaged),*> Args for ($($t,)*) {
            const TYPES: &'static [&'static str] = &[$($t::TYPE),*];
            fn to_slots(&self, thread: &Thread) -> Result<Slots, Thrown> {
                let mut slots = Slots([0; MAX_ARGS]);
                $( slots.0[$i] = self.$i.to_slot(thread)?; )*
                Ok(slots)
            }
        }
    };
}
impl Args for () {
    const TYPES: &'static [&'static str] = &[];
    fn to_slots(&self, _: &Thread) -> Result<Slots, Thrown> {
        Ok(Slots([0; MAX_ARGS]))
    }
}
args!(A 0);
args!(A 0, B 1);
args!(A 0, B 1, C 2);
args!(A 0, B 1, C 2, D 3);
args!(A 0, B 1, C 2, D 3, E 4);
args!(A 0, B 1, C 2, D 3, E 4, F 5);
args!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
args!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
