//! How values look on the native side of a call (System V, ECMA-335 II.15.5.4).

use ferrocil_generics::TypeId;
use ferrocil_metadata::{ElementType, TypeLayout};

use super::call_native::{FLOAT_REGISTERS, INT_REGISTERS, word};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::exec::Host;
use crate::types::{ClassKind, ClassPtr, MethodPtr};
use crate::wellknown::Wk;

pub(super) const MARSHAL: (&str, &str) = ("System.Runtime.InteropServices", "Marshal");
pub(super) const BUILDER: (&str, &str) = ("System.Text", "StringBuilder");
/// Structs larger than this go through memory (System V).
const REGISTER_STRUCT: u32 = 16;

/// How one value goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// As it is, in an integer register.
    Int,
    Bool,
    Char,
    F32,
    F64,
    /// A struct; for each eight bytes, whether they are floating point. `None`: in memory.
    Struct(Option<[bool; 2]>, u32),
    String,
    StringBuilder,
    /// A vector of values that are the same on both sides.
    Vector(TypeId),
    SafeHandle,
    HandleRef,
    /// A function pointer.
    Delegate,
}

/// Where the next argument goes.
#[derive(Default)]
pub(super) struct Places {
    pub(super) ints: usize,
    pub(super) floats: usize,
    pub(super) stack: usize,
}

impl Places {
    pub(super) fn int(&mut self) -> usize {
        if self.ints == INT_REGISTERS {
            return self.on_stack();
        }
        self.ints += 1;
        word::INTS + self.ints - 1
    }

    pub(super) fn float(&mut self) -> usize {
        if self.floats == FLOAT_REGISTERS {
            return self.on_stack();
        }
        self.floats += 1;
        word::FLOATS + self.floats - 1
    }

    pub(super) fn on_stack(&mut self) -> usize {
        self.stack += 1;
        word::STACK + self.stack - 1
    }

    /// Where the eight-byte parts of a struct go; `parts`: whether each is floating point, `None`
    /// for a struct that goes through memory.
    pub(super) fn struct_parts(&mut self, parts: Option<[bool; 2]>, size: u32) -> Vec<usize> {
        let words = (size as usize).div_ceil(8);
        let Some(float) = parts else {
            return (0..words).map(|_| self.on_stack()).collect();
        };
        let floats = float[..words].iter().filter(|&&f| f).count();
        let fits = self.floats + floats <= FLOAT_REGISTERS
            && self.ints + (words - floats) <= INT_REGISTERS;
        (0..words)
            .map(|part| match (fits, float[part]) {
                (true, true) => self.float(),
                (true, false) => self.int(),
                (false, _) => self.on_stack(),
            })
            .collect()
    }
}

impl Host<'_> {
    pub(super) fn unsupported(&self, method: MethodPtr, what: &str) -> LoadError {
        LoadError::new(
            LoadErrorKind::NotSupported,
            self.runtime.method_name(method),
            format!(
                "{}: {what} cannot go to native code yet",
                self.runtime.method_name(method)
            ),
        )
    }

    /// Whether a value is a signed number.
    pub(super) fn is_signed(&self, ty: TypeId) -> LoadResult<bool> {
        let class = self.runtime.class(ty)?;
        let class = class.underlying().unwrap_or(class);
        Ok(matches!(
            class.element_type,
            ElementType::I1 | ElementType::I2 | ElementType::I4 | ElementType::I8
        ))
    }

    /// Whether values of a type are the same bits on both sides; their leaves are noted.
    fn blittable(
        &self,
        class: ClassPtr,
        offset: u32,
        leaves: &mut Vec<(u32, bool)>,
        depth: u32,
    ) -> LoadResult<bool> {
        let class = class.underlying().unwrap_or(class);
        match class.kind {
            ClassKind::Pointer | ClassKind::FnPtr => {
                leaves.push((offset, false));
                return Ok(true);
            }
            ClassKind::ValueType => {}
            _ => return Ok(false),
        }
        match class.element_type {
            ElementType::Boolean | ElementType::Char => return Ok(false),
            ElementType::R4 | ElementType::R8 => {
                leaves.push((offset, true));
                return Ok(true);
            }
            ElementType::I1
            | ElementType::U1
            | ElementType::I2
            | ElementType::U2
            | ElementType::I4
            | ElementType::U4
            | ElementType::I8
            | ElementType::U8
            | ElementType::I
            | ElementType::U => {
                leaves.push((offset, false));
                return Ok(true);
            }
            _ => {}
        }
        let auto = class.flags.layout() == TypeLayout::Auto;
        if auto || class.args.is_some() || depth > 16 {
            return Ok(false);
        }
        for field in self.runtime.fields(class)? {
            if field.is_static() {
                continue;
            }
            let at = self
                .runtime
                .field_offset(crate::types::FieldPtr::new(field))?;
            let ty = self.runtime.class(field.ty)?;
            if !self.blittable(ty, offset + at, leaves, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How a value goes; errors name `method`.
    pub(super) fn form(&self, ty: TypeId, method: MethodPtr) -> LoadResult<Form> {
        let class = self.runtime.class(ty)?;
        let class = class.underlying().unwrap_or(class);
        let refuse = || {
            let what = format!("a value of type '{}'", self.runtime.type_name(ty));
            Err(self.unsupported(method, &what))
        };
        match class.element_type {
            ElementType::Boolean => return Ok(Form::Bool),
            ElementType::Char => return Ok(Form::Char),
            ElementType::R4 => return Ok(Form::F32),
            ElementType::R8 => return Ok(Form::F64),
            ElementType::String => return Ok(Form::String),
            _ => {}
        }
        match class.kind {
            ClassKind::Pointer | ClassKind::FnPtr => Ok(Form::Int),
            ClassKind::SzArray => {
                let element = class.element.expect("arrays have elements");
                if self.blittable(element, 0, &mut Vec::new(), 0)? {
                    Ok(Form::Vector(element.ty))
                } else {
                    refuse()
                }
            }
            ClassKind::ByRef => {
                let target = class.element.expect("managed pointers have targets");
                let boolean = target.element_type == ElementType::Boolean;
                // A `ref bool` would point to one byte where C expects four.
                if !boolean && self.blittable(target, 0, &mut Vec::new(), 0)? {
                    Ok(Form::Int)
                } else {
                    refuse()
                }
            }
            ClassKind::ValueType
                if class.is_named("System.Runtime.InteropServices", "HandleRef") =>
            {
                Ok(Form::HandleRef)
            }
            ClassKind::ValueType => {
                let mut leaves = Vec::new();
                if !self.blittable(class, 0, &mut leaves, 0)? {
                    return refuse();
                }
                if class.element_type != ElementType::ValueType {
                    return Ok(Form::Int);
                }
                let size = self.runtime.layout(class)?.size;
                if size > REGISTER_STRUCT {
                    return Ok(Form::Struct(None, size));
                }
                let mut float = [true; 2];
                for (at, is_float) in leaves {
                    float[(at / 8).min(1) as usize] &= is_float;
                }
                Ok(Form::Struct(Some(float), size))
            }
            ClassKind::Class if class.is_named(BUILDER.0, BUILDER.1) => Ok(Form::StringBuilder),
            ClassKind::Class => {
                let handle = self
                    .runtime
                    .corlib_class("System.Runtime.InteropServices", "SafeHandle")?;
                let delegate = self.runtime.well_known_class(Wk::MulticastDelegate)?;
                if class.derives_from(handle) {
                    Ok(Form::SafeHandle)
                } else if class.derives_from(delegate) {
                    Ok(Form::Delegate)
                } else {
                    refuse()
                }
            }
            _ => refuse(),
        }
    }
}
