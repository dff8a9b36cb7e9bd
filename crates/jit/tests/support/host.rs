//! Types, methods and fields of the test VM.

use std::cell::RefCell;

use ferrocil_jit::host::DeferredError;
use ferrocil_jit::host::{
    AbiConfig, ArrayInfo, BoxKind, CallKind, CallSig, CallSite, CalliSig, CastStrategy,
    CompilerHost, Dispatch, FieldHandle, FieldPlace, FieldRef, HostResult, IlBody, LdToken,
    LocalType, MethodHandle, Repr, ResolveError, StringHandle, Symbol, This, ThisFixup, TypeHandle,
    TypeLayout, WellKnownType, WriteBarrier,
};
use ferrocil_metadata::Token;

use super::asm::Il;

/// Fixed types, by handle.
#[expect(non_snake_case, reason = "a namespace of constants")]
pub mod T {
    use ferrocil_jit::host::TypeHandle;
    pub const VOID: TypeHandle = TypeHandle(0);
    pub const BOOL: TypeHandle = TypeHandle(1);
    pub const CHAR: TypeHandle = TypeHandle(2);
    pub const I1: TypeHandle = TypeHandle(3);
    pub const U1: TypeHandle = TypeHandle(4);
    pub const I2: TypeHandle = TypeHandle(5);
    pub const U2: TypeHandle = TypeHandle(6);
    pub const I4: TypeHandle = TypeHandle(7);
    pub const U4: TypeHandle = TypeHandle(8);
    pub const I8: TypeHandle = TypeHandle(9);
    pub const U8: TypeHandle = TypeHandle(10);
    pub const I: TypeHandle = TypeHandle(11);
    pub const U: TypeHandle = TypeHandle(12);
    pub const R4: TypeHandle = TypeHandle(13);
    pub const R8: TypeHandle = TypeHandle(14);
    pub const OBJECT: TypeHandle = TypeHandle(15);
    pub const STRING: TypeHandle = TypeHandle(16);
    pub const BYREF: TypeHandle = TypeHandle(17);
    pub const HANDLE: TypeHandle = TypeHandle(18);
    pub const TYPEDREF: TypeHandle = TypeHandle(19);
    /// Exception of a kind: `EXCEPTION.0 + kind`.
    pub const EXCEPTION: TypeHandle = TypeHandle(20);
    /// `int?`
    pub const NULLABLE: TypeHandle = TypeHandle(40);
    /// First type that tests define.
    pub const USER: u32 = 41;
}

#[derive(Clone, Debug)]
pub struct Type {
    pub layout: TypeLayout,
    pub box_kind: BoxKind,
    pub parent: Option<TypeHandle>,
    pub elem: Option<TypeHandle>,
    pub rank: u32,
    /// Bytes of an instance.
    pub instance: u32,
    /// Methods in the vtable.
    pub virtuals: Vec<MethodHandle>,
}

#[derive(Clone)]
pub struct Method {
    pub sig: CallSig,
    pub locals: Vec<TypeHandle>,
    pub body: Il,
    pub site: Option<CallSite>,
    pub synchronized: Option<ferrocil_jit::host::SyncObject>,
    pub no_inlining: bool,
}

pub type Field = FieldRef;

/// Builds signatures.
pub struct Sig;

impl Sig {
    pub fn fixed(params: &[TypeHandle], ret: TypeHandle) -> CallSig {
        CallSig {
            this: This::None,
            params: params.to_vec(),
            ret,
        }
    }

    pub fn instance(this: This, params: &[TypeHandle], ret: TypeHandle) -> CallSig {
        CallSig {
            this,
            params: params.to_vec(),
            ret,
        }
    }
}

/// A struct, and the offsets and representations of its scalars.
pub type StructScalars = (TypeHandle, Vec<(u32, Repr)>);

#[derive(Default)]
pub struct Host {
    pub types: RefCell<Vec<Type>>,
    pub methods: RefCell<Vec<Method>>,
    pub fields: RefCell<Vec<FieldRef>>,
    pub sigs: RefCell<Vec<CalliSig>>,
    pub errors: RefCell<Vec<String>>,
    pub barrier: std::cell::Cell<Option<WriteBarrier>>,
    /// Scalars of structs that may be taken apart.
    pub scalars: RefCell<Vec<StructScalars>>,
    /// Symbols that differ between instances of shared code.
    pub generic: RefCell<Vec<Symbol>>,
    /// (class, virtual method, what runs): answers of `exact_callee`.
    pub exact_callees: RefCell<Vec<(TypeHandle, MethodHandle, MethodHandle)>>,
    /// (class, type, whether it can be cast): answers of `exact_cast`.
    pub exact_casts: RefCell<Vec<(TypeHandle, TypeHandle, bool)>>,
    /// Whether methods keep `this` alive as long as they run.
    pub keeps_this: std::cell::Cell<bool>,
}

pub fn type_token(ty: TypeHandle) -> Token {
    Token(0x0200_0000 | (ty.0 + 1))
}
pub fn method_token(m: MethodHandle) -> Token {
    Token(0x0600_0000 | (m.0 + 1))
}
pub fn field_token(f: FieldHandle) -> Token {
    Token(0x0400_0000 | (f.0 + 1))
}
pub fn sig_token(n: u32) -> Token {
    Token(0x1100_0000 | (n + 1))
}
pub fn string_token(n: u32) -> Token {
    Token(0x7000_0000 | n)
}

fn scalar(repr: Repr, size: u32) -> Type {
    Type {
        layout: TypeLayout {
            repr,
            size,
            align: size.max(1),
            has_refs: repr == Repr::Ref,
        },
        box_kind: if repr == Repr::Ref {
            BoxKind::Reference
        } else {
            BoxKind::Value
        },
        parent: None,
        elem: None,
        rank: 0,
        instance: 8 + size.next_multiple_of(8).max(8),
        virtuals: Vec::new(),
    }
}

impl Host {
    pub fn new() -> Host {
        let mut types = vec![
            scalar(Repr::Void, 0),
            scalar(Repr::Bool, 1),
            scalar(Repr::Char, 2),
            scalar(Repr::I1, 1),
            scalar(Repr::U1, 1),
            scalar(Repr::I2, 2),
            scalar(Repr::U2, 2),
            scalar(Repr::I4, 4),
            scalar(Repr::U4, 4),
            scalar(Repr::I8, 8),
            scalar(Repr::U8, 8),
            scalar(Repr::I, 8),
            scalar(Repr::U, 8),
            scalar(Repr::R4, 4),
            scalar(Repr::R8, 8),
            scalar(Repr::Ref, 8),
            scalar(Repr::Ref, 8),
            scalar(Repr::ByRef, 8),
            structure(8, 8),
            structure(24, 8),
        ];
        for _ in T::EXCEPTION.0..T::NULLABLE.0 {
            types.push(Type {
                parent: Some(T::OBJECT),
                instance: 24,
                ..scalar(Repr::Ref, 8)
            });
        }
        types.push(Type {
            box_kind: BoxKind::Nullable {
                value: T::I4,
                is_enum: false,
                has_value_offset: 0,
                value_offset: 4,
            },
            ..structure(8, 4)
        });
        Host {
            types: RefCell::new(types),
            ..Host::default()
        }
    }

    pub fn add_type(&self, ty: Type) -> TypeHandle {
        self.types.borrow_mut().push(ty);
        TypeHandle(self.types.borrow().len() as u32 - 1)
    }

    pub fn class(&self, parent: TypeHandle, instance: u32) -> TypeHandle {
        self.add_type(Type {
            parent: Some(parent),
            instance,
            ..scalar(Repr::Ref, 8)
        })
    }

    pub fn structure(&self, size: u32, align: u32) -> TypeHandle {
        self.add_type(structure(size, align))
    }

    pub fn field(&self, ty: TypeHandle, place: FieldPlace, in_value_type: bool) -> FieldHandle {
        let mut fields = self.fields.borrow_mut();
        let field = FieldHandle(fields.len() as u32);
        fields.push(FieldRef {
            field,
            ty,
            place,
            class_init: None,
            in_value_type,
        });
        field
    }

    fn error(&self, message: String) -> ResolveError {
        self.errors.borrow_mut().push(message);
        ResolveError(DeferredError(self.errors.borrow().len() as u32 - 1))
    }

    fn row(&self, token: Token, table: u32) -> HostResult<u32> {
        if token.0 >> 24 == table && token.0 & 0xff_ffff != 0 {
            Ok((token.0 & 0xff_ffff) - 1)
        } else {
            Err(self.error(format!("bad token {:#x}", token.0)))
        }
    }

    fn ty(&self, ty: TypeHandle) -> HostResult<Type> {
        self.types
            .borrow()
            .get(ty.0 as usize)
            .cloned()
            .ok_or_else(|| self.error(format!("no type {}", ty.0)))
    }
}

fn structure(size: u32, align: u32) -> Type {
    Type {
        layout: TypeLayout {
            repr: Repr::Struct,
            size,
            align,
            has_refs: false,
        },
        box_kind: BoxKind::Value,
        parent: None,
        elem: None,
        rank: 0,
        instance: 8 + size.next_multiple_of(8),
        virtuals: Vec::new(),
    }
}

impl CompilerHost for Host {
    fn abi(&self) -> AbiConfig {
        AbiConfig {
            thread_pending: 0,
            thread_poll: 8,
            thread_tlab_cursor: 16,
            thread_tlab_limit: 24,
            thread_context: 32,
            imt_offset: 256,
            imt_slots: 4,
            element_test: None,
            object_header: 8,
            array_length: 8,
            vector_data: 16,
            string_length: 8,
            string_data: 12,
        }
    }

    fn inline_alloc(&self, class: TypeHandle) -> Option<u32> {
        self.types
            .borrow()
            .get(class.0 as usize)
            .map(|t| t.instance)
    }

    fn inline_vector(&self, _: TypeHandle) -> Option<u32> {
        Some(128)
    }

    fn exact_callee(&self, class: TypeHandle, method: MethodHandle) -> Option<MethodHandle> {
        let known = self.exact_callees.borrow();
        let found = known.iter().find(|k| (k.0, k.1) == (class, method))?;
        Some(found.2)
    }

    fn exact_cast(&self, class: TypeHandle, to: TypeHandle) -> Option<bool> {
        let known = self.exact_casts.borrow();
        let found = known.iter().find(|k| (k.0, k.1) == (class, to))?;
        Some(found.2)
    }

    fn barrier(&self) -> Option<WriteBarrier> {
        self.barrier.get()
    }

    fn preserved_poll(&self) -> bool {
        true
    }

    fn keeps_this(&self, method: MethodHandle) -> bool {
        let methods = self.methods.borrow();
        let method = methods.get(method.0 as usize);
        self.keeps_this.get() && method.is_some_and(|m| m.sig.this == This::Ref)
    }

    fn is_generic(&self, symbol: Symbol) -> bool {
        self.generic.borrow().contains(&symbol)
    }

    fn inline_body(&self, method: MethodHandle) -> Option<IlBody<'_>> {
        let methods = self.methods.borrow();
        let data = methods.get(method.0 as usize)?;
        if data.synchronized.is_some() || data.body.code.is_empty() || data.no_inlining {
            return None;
        }
        // Tests leak: bodies live in a cell that may grow.
        Some(IlBody {
            code: data.body.code.clone().leak(),
            max_stack: 8,
            init_locals: true,
            local_sig: if data.locals.is_empty() {
                Token(0)
            } else {
                Token(0x1100_0001)
            },
            clauses: data.body.clauses.clone().leak(),
        })
    }

    fn struct_fields(&self, ty: TypeHandle, most: usize) -> Option<Vec<(u32, Repr)>> {
        let scalars = self.scalars.borrow();
        let (_, fields) = scalars.iter().find(|s| s.0 == ty)?;
        (fields.len() <= most).then(|| fields.clone())
    }

    fn layout(&self, ty: TypeHandle) -> HostResult<TypeLayout> {
        Ok(self.ty(ty)?.layout)
    }

    fn box_kind(&self, ty: TypeHandle) -> HostResult<BoxKind> {
        Ok(self.ty(ty)?.box_kind)
    }

    fn cast_strategy(&self, ty: TypeHandle) -> HostResult<CastStrategy> {
        Ok(match self.ty(ty)? {
            _ if ty == T::OBJECT => CastStrategy::Always,
            t if t.box_kind == BoxKind::Value || ty == T::STRING => CastStrategy::Exact,
            _ => CastStrategy::Helper,
        })
    }

    fn vtable_offset(&self, ty: TypeHandle) -> HostResult<u32> {
        self.ty(ty)?;
        Ok(super::machine::vtable_offset(ty))
    }

    fn vector_of(&self, elem: TypeHandle) -> HostResult<TypeHandle> {
        self.ty(elem)?;
        let found = self
            .types
            .borrow()
            .iter()
            .position(|t| t.elem == Some(elem) && t.rank == 0);
        Ok(match found {
            Some(i) => TypeHandle(i as u32),
            None => self.add_type(Type {
                elem: Some(elem),
                parent: Some(T::OBJECT),
                ..scalar(Repr::Ref, 8)
            }),
        })
    }

    fn array_shape(&self, array: TypeHandle) -> HostResult<ArrayInfo> {
        let ty = self.ty(array)?;
        match ty.elem {
            Some(elem) => Ok(ArrayInfo {
                elem,
                rank: ty.rank.max(1),
                is_vector: ty.rank == 0,
            }),
            None => Err(self.error("not an array".into())),
        }
    }

    fn well_known(&self, which: WellKnownType) -> TypeHandle {
        match which {
            WellKnownType::Object => T::OBJECT,
            WellKnownType::String => T::STRING,
            WellKnownType::Void => T::VOID,
            WellKnownType::Int32 => T::I4,
            WellKnownType::IntPtr => T::I,
            WellKnownType::TypedReference => T::TYPEDREF,
            _ => T::HANDLE,
        }
    }

    fn resolve_type(&self, _: MethodHandle, token: Token) -> HostResult<TypeHandle> {
        let ty = TypeHandle(self.row(token, 2)?);
        self.ty(ty)?;
        Ok(ty)
    }

    fn resolve_field(&self, _: MethodHandle, token: Token, _: bool) -> HostResult<FieldRef> {
        let row = self.row(token, 4)?;
        self.fields
            .borrow()
            .get(row as usize)
            .copied()
            .ok_or_else(|| self.error("no field".into()))
    }

    fn resolve_call(
        &self,
        _: MethodHandle,
        token: Token,
        kind: CallKind,
        _constrained: Option<TypeHandle>,
    ) -> HostResult<CallSite> {
        let row = self.row(token, 6)?;
        let method = self.methods.borrow().get(row as usize).cloned();
        let method = method.ok_or_else(|| self.error("no method".into()))?;
        if let Some(site) = method.site {
            return Ok(site);
        }
        Ok(CallSite {
            null_check: kind == CallKind::CallVirt,
            sig: method.sig,
            dispatch: Dispatch::Direct(MethodHandle(row)),
            this_fixup: ThisFixup::None,
            no_return: false,
        })
    }

    fn resolve_calli(&self, _: MethodHandle, token: Token) -> HostResult<CalliSig> {
        let row = self.row(token, 0x11)?;
        self.sigs
            .borrow()
            .get(row as usize)
            .cloned()
            .ok_or_else(|| self.error("no signature".into()))
    }

    fn resolve_string(&self, _: MethodHandle, token: Token) -> HostResult<StringHandle> {
        Ok(StringHandle(self.row(token, 0x70)?))
    }

    fn resolve_token(&self, _: MethodHandle, token: Token) -> HostResult<LdToken> {
        Ok(match token.0 >> 24 {
            2 => LdToken::Type(TypeHandle(self.row(token, 2)?)),
            4 => LdToken::Field(FieldHandle(self.row(token, 4)?)),
            _ => LdToken::Method(MethodHandle(self.row(token, 6)?)),
        })
    }

    fn local_types(&self, method: MethodHandle, _: Token) -> HostResult<Vec<LocalType>> {
        let method = &self.methods.borrow()[method.0 as usize];
        Ok(method
            .locals
            .iter()
            .map(|&ty| LocalType { ty, pinned: false })
            .collect())
    }

    fn invalid_program(&self, _: MethodHandle, il_offset: u32, message: &str) -> ResolveError {
        self.error(format!("IL_{il_offset:04x}: {message}"))
    }
}
