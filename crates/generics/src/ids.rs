//! Ids: `u32` newtypes that are never 0, so that `Option<Id>` is four bytes.

use core::fmt;
use core::num::NonZeroU32;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id with this number; `None` for 0. A number that was never given out is accepted
            /// here and answered with a typed error (or a panic that says so) where it is used.
            #[inline]
            pub const fn from_raw(raw: u32) -> Option<Self> {
                match NonZeroU32::new(raw) {
                    Some(n) => Some(Self(n)),
                    None => None,
                }
            }

            /// The number, never 0.
            #[inline]
            pub const fn raw(self) -> u32 {
                self.0.get()
            }

            /// The id of a number that this crate knows to be nonzero.
            #[inline]
            pub(crate) const fn of(raw: u32) -> Self {
                match NonZeroU32::new(raw) {
                    Some(n) => Self(n),
                    None => panic!("ids are never 0"),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id! {
    /// An image (module file) that was added to a universe.
    ImageId
}
id! {
    /// A canonical type: two types are the same type exactly when their ids are equal.
    TypeId
}
id! {
    /// A canonical method instance: declaring type, definition and method arguments.
    MethodId
}
id! {
    /// A canonical list of type arguments. Type and method instances share them.
    InstId
}
id! {
    /// A set of images that owns memory: see [`ImageSet`](crate::ImageSet).
    ImageSetId
}

/// A row of the TypeDef table of an image (ECMA-335 II.22.37).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeDef {
    /// The image that holds the row.
    pub image: ImageId,
    /// The row number, from 1.
    pub rid: u32,
}

/// A row of the MethodDef table of an image (ECMA-335 II.22.26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodDef {
    /// The image that holds the row.
    pub image: ImageId,
    /// The row number, from 1.
    pub rid: u32,
}
