//! Methods made at run time from IL (`System.Reflection.Emit.DynamicMethod`).
//!
//! Their tokens are numbers of things that their maker has listed, not rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ferrocil_generics::{MethodDef, TypeId};
use ferrocil_metadata::{EhClause, ElementType, Token};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::icall::NativeFn;
use crate::runtime::Runtime;
use crate::types::{ClassPtr, FieldPtr, MethodPtr, Signature};

/// Row numbers that stand for dynamic methods, above those of array methods.
const DYNAMIC_METHOD_BASE: u32 = 0x0200_0000;

/// What a token of a dynamic method names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DynamicRef {
    /// Nothing.
    None,
    /// A type.
    Type(TypeId),
    /// A method or constructor.
    Method(MethodPtr),
    /// A field.
    Field(FieldPtr),
    /// A string literal.
    Text(Box<[u16]>),
}

/// The body of a dynamic method.
#[derive(Clone, Debug)]
pub struct DynamicBody {
    /// Name.
    pub name: Box<str>,
    /// IL.
    pub code: Box<[u8]>,
    /// Largest depth of the evaluation stack.
    pub max_stack: u16,
    /// Whether locals begin as zeros.
    pub init_locals: bool,
    /// Types of locals.
    pub locals: Box<[TypeId]>,
    /// Exception clauses; catch types are tokens of this method.
    pub clauses: Box<[EhClause]>,
    /// What tokens name: token `n` is item `n - 1`.
    pub refs: Box<[DynamicRef]>,
}

/// The dynamic methods of a runtime, kept as long as it.
#[derive(Debug, Default)]
struct DynamicMethods {
    bodies: RwLock<FxHashMap<MethodPtr, Arc<DynamicBody>>>,
    /// Methods whose code is a Rust function, and the function of each.
    natives: RwLock<FxHashMap<MethodPtr, NativeFn>>,
    next: AtomicU32,
}

impl DynamicBody {
    fn get(&self, token: Token) -> &DynamicRef {
        let index = (token.0 as usize).wrapping_sub(1);
        self.refs.get(index).unwrap_or(&DynamicRef::None)
    }

    fn bad(&self, token: Token, wanted: &str) -> LoadError {
        LoadError::new(
            LoadErrorKind::InvalidProgram,
            &*self.name,
            format!(
                "token {} of dynamic method '{}' names no {wanted}",
                token.0, self.name
            ),
        )
    }

    pub(crate) fn type_at(&self, token: Token) -> LoadResult<TypeId> {
        match self.get(token) {
            DynamicRef::Type(ty) => Ok(*ty),
            _ => Err(self.bad(token, "type")),
        }
    }

    pub(crate) fn method_at(&self, token: Token) -> LoadResult<MethodPtr> {
        match self.get(token) {
            DynamicRef::Method(method) => Ok(*method),
            _ => Err(self.bad(token, "method")),
        }
    }

    pub(crate) fn field_at(&self, token: Token) -> LoadResult<FieldPtr> {
        match self.get(token) {
            DynamicRef::Field(field) => Ok(*field),
            _ => Err(self.bad(token, "field")),
        }
    }

    pub(crate) fn text_at(&self, token: Token) -> LoadResult<&[u16]> {
        match self.get(token) {
            DynamicRef::Text(text) => Ok(text),
            _ => Err(self.bad(token, "string")),
        }
    }

    pub(crate) fn any_at(&self, token: Token) -> LoadResult<&DynamicRef> {
        match self.get(token) {
            DynamicRef::None => Err(self.bad(token, "type, method or field")),
            found => Ok(found),
        }
    }
}

impl Runtime {
    /// Makes a static method of a class from IL. It is compiled when it is first called.
    ///
    /// # Errors
    /// When the universe is full.
    pub fn define_dynamic_method(
        &self,
        class: ClassPtr,
        signature: Signature,
        body: DynamicBody,
    ) -> LoadResult<MethodPtr> {
        let methods = self.ext::<DynamicMethods>();
        let number = methods.next.fetch_add(1, Ordering::Relaxed);
        let def = MethodDef {
            image: class.image,
            rid: DYNAMIC_METHOD_BASE + number,
        };
        // An array type declares them: definitions have a table of rows, which these are not in.
        let universe = self.universe();
        let declaring = universe.sz_array(universe.primitive(ElementType::Object))?;
        let id = universe.method(declaring, def, &[])?;
        let body = Arc::new(body);
        let name: *const str = &raw const *body.name;
        // SAFETY: the body is kept in the table below as long as the runtime, and so as the method.
        let name: &'static str = unsafe { &*name };
        let method = self.dynamic_method(id, def, class, name, signature);
        methods.bodies.write().insert(method, body);
        Ok(method)
    }

    /// A static method whose code is a Rust function; the same each time.
    ///
    /// # Errors
    /// When the universe is full.
    pub(crate) fn define_native_method(
        &self,
        class: ClassPtr,
        name: &str,
        signature: Signature,
        target: NativeFn,
    ) -> LoadResult<MethodPtr> {
        let methods = self.ext::<DynamicMethods>();
        let known = methods
            .natives
            .read()
            .iter()
            .find(|&(_, &function)| function == target)
            .map(|(&method, _)| method);
        if let Some(method) = known {
            return Ok(method);
        }
        let body = DynamicBody {
            name: name.into(),
            code: Box::default(),
            max_stack: 0,
            init_locals: false,
            locals: Box::default(),
            clauses: Box::default(),
            refs: Box::default(),
        };
        let method = self.define_dynamic_method(class, signature, body)?;
        methods.natives.write().insert(method, target);
        Ok(method)
    }

    /// The Rust function of such a method.
    pub(crate) fn dynamic_native(&self, method: MethodPtr) -> Option<NativeFn> {
        self.ext::<DynamicMethods>()
            .natives
            .read()
            .get(&method)
            .copied()
    }

    /// The body of a dynamic method.
    pub(crate) fn dynamic_body(&self, method: MethodPtr) -> Option<Arc<DynamicBody>> {
        self.ext::<DynamicMethods>()
            .bodies
            .read()
            .get(&method)
            .cloned()
    }
}
