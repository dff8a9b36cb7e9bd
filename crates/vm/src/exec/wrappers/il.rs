//! Writing IL.

use ferrocil_generics::TypeId;
use ferrocil_metadata::EhClause;

use crate::dynamic::{DynamicBody, DynamicRef};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::runtime::Runtime;
use crate::types::{ClassPtr, FieldPtr, MethodPtr};

/// Opcodes (ECMA-335 III.1.2.1).
pub(super) mod op {
    pub(crate) const DUP: u8 = 0x25;
    pub(crate) const POP: u8 = 0x26;
    pub(crate) const CALL: u8 = 0x28;
    pub(crate) const RET: u8 = 0x2a;
    pub(crate) const BRFALSE: u8 = 0x39;
    pub(crate) const BEQ: u8 = 0x3b;
    pub(crate) const LDIND_I8: u8 = 0x4c;
    pub(crate) const LDIND_R4: u8 = 0x4e;
    pub(crate) const LDIND_R8: u8 = 0x4f;
    pub(crate) const STIND_I8: u8 = 0x55;
    pub(crate) const STIND_R4: u8 = 0x56;
    pub(crate) const STIND_R8: u8 = 0x57;
    pub(crate) const ADD: u8 = 0x58;
    pub(crate) const SUB: u8 = 0x59;
    pub(crate) const MUL: u8 = 0x5a;
    pub(crate) const CONV_I4: u8 = 0x69;
    pub(crate) const CONV_I8: u8 = 0x6a;
    pub(crate) const CONV_U8: u8 = 0x6e;
    pub(crate) const CALLVIRT: u8 = 0x6f;
    pub(crate) const LDOBJ: u8 = 0x71;
    pub(crate) const LDSTR: u8 = 0x72;
    pub(crate) const NEWOBJ: u8 = 0x73;
    pub(crate) const CASTCLASS: u8 = 0x74;
    pub(crate) const ISINST: u8 = 0x75;
    pub(crate) const THROW: u8 = 0x7a;
    pub(crate) const LDFLD: u8 = 0x7b;
    pub(crate) const STFLD: u8 = 0x7d;
    pub(crate) const STOBJ: u8 = 0x81;
    pub(crate) const BOX: u8 = 0x8c;
    pub(crate) const NEWARR: u8 = 0x8d;
    pub(crate) const LDLEN: u8 = 0x8e;
    pub(crate) const LDELEMA: u8 = 0x8f;
    pub(crate) const LDELEM_REF: u8 = 0x9a;
    pub(crate) const STELEM_REF: u8 = 0xa2;
    pub(crate) const UNBOX_ANY: u8 = 0xa5;
    pub(crate) const CONV_U2: u8 = 0xd1;
    pub(crate) const CONV_U1: u8 = 0xd2;
    pub(crate) const LEAVE: u8 = 0xdd;
    pub(crate) const CONV_U: u8 = 0xe0;
    // After the prefix 0xfe:
    pub(crate) const LDARG: u8 = 0x09;
    pub(crate) const LDARGA: u8 = 0x0a;
    pub(crate) const LDLOC: u8 = 0x0c;
    pub(crate) const LDLOCA: u8 = 0x0d;
    pub(crate) const STLOC: u8 = 0x0e;
    pub(crate) const LOCALLOC: u8 = 0x0f;
    pub(crate) const CPBLK: u8 = 0x17;
}

/// A place that a branch will be told about.
#[must_use]
pub(super) struct Jump(usize);

/// A body in the making.
pub(super) struct Il<'r> {
    runtime: &'r Runtime,
    code: Vec<u8>,
    refs: Vec<DynamicRef>,
    locals: Vec<TypeId>,
    clauses: Vec<EhClause>,
}

impl<'r> Il<'r> {
    pub(super) fn new(runtime: &'r Runtime) -> Self {
        Self {
            runtime,
            code: Vec::new(),
            refs: Vec::new(),
            locals: Vec::new(),
            clauses: Vec::new(),
        }
    }

    pub(super) fn finish(self, name: &str) -> DynamicBody {
        DynamicBody {
            name: name.into(),
            code: self.code.into(),
            // Deep enough for every argument at once.
            max_stack: u16::MAX,
            init_locals: true,
            locals: self.locals.into(),
            clauses: self.clauses.into(),
            refs: self.refs.into(),
        }
    }

    pub(super) fn op(&mut self, opcode: u8) {
        self.code.push(opcode);
    }

    pub(super) fn op2(&mut self, opcode: u8) {
        self.code.extend([0xfe, opcode]);
    }

    fn op_n(&mut self, opcode: u8, n: usize) {
        self.op2(opcode);
        self.code.extend((n as u16).to_le_bytes());
    }

    pub(super) fn arg(&mut self, n: usize) {
        self.op_n(op::LDARG, n);
    }

    pub(super) fn arg_address(&mut self, n: usize) {
        self.op_n(op::LDARGA, n);
    }

    pub(super) fn local(&mut self, ty: TypeId) -> usize {
        self.locals.push(ty);
        self.locals.len() - 1
    }

    pub(super) fn load(&mut self, local: usize) {
        self.op_n(op::LDLOC, local);
    }

    pub(super) fn load_address(&mut self, local: usize) {
        self.op_n(op::LDLOCA, local);
    }

    pub(super) fn store(&mut self, local: usize) {
        self.op_n(op::STLOC, local);
    }

    pub(super) fn int(&mut self, value: usize) {
        self.op(0x20);
        self.code.extend((value as i32).to_le_bytes());
    }

    pub(super) fn word(&mut self, value: usize) {
        self.op(0x21);
        self.code.extend((value as u64).to_le_bytes());
    }

    fn with(&mut self, opcode: u8, what: DynamicRef) {
        self.refs.push(what);
        self.code.push(opcode);
        self.code.extend((self.refs.len() as u32).to_le_bytes());
    }

    pub(super) fn ty(&mut self, opcode: u8, ty: TypeId) {
        self.with(opcode, DynamicRef::Type(ty));
    }

    pub(super) fn call(&mut self, method: MethodPtr) {
        self.with(op::CALL, DynamicRef::Method(method));
    }

    pub(super) fn method(&mut self, opcode: u8, method: MethodPtr) {
        self.with(opcode, DynamicRef::Method(method));
    }

    pub(super) fn field(&mut self, opcode: u8, class: ClassPtr, name: &str) -> LoadResult<()> {
        let field: FieldPtr = self.runtime.find_field(class, name)?.ok_or_else(|| {
            LoadError::new(
                LoadErrorKind::MissingField,
                name,
                format!("corlib has no field {}.{name}", class.name),
            )
        })?;
        self.with(opcode, DynamicRef::Field(field));
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) {
        self.with(op::LDSTR, DynamicRef::Text(text.encode_utf16().collect()));
    }

    /// Calls a method of corlib, found by its number of parameters and the type of the first.
    pub(super) fn corlib(
        &mut self,
        opcode: u8,
        class: (&str, &str),
        name: &str,
        params: &[TypeId],
    ) -> LoadResult<()> {
        let method = self.find(class, name, params)?;
        self.method(opcode, method);
        Ok(())
    }

    fn find(&self, class: (&str, &str), name: &str, params: &[TypeId]) -> LoadResult<MethodPtr> {
        let owner = self.runtime.corlib_class(class.0, class.1)?;
        for &method in self.runtime.methods(owner)? {
            if method.name == name && *self.runtime.signature(method)?.params == *params {
                return Ok(method);
            }
        }
        Err(LoadError::new(
            LoadErrorKind::MissingMethod,
            name,
            format!(
                "corlib has no method {}.{}.{name} of this form",
                class.0, class.1
            ),
        ))
    }

    /// Throws a new exception of corlib with a message.
    pub(super) fn throw(&mut self, class: (&str, &str), message: &str) -> LoadResult<()> {
        self.text(message);
        let string = self
            .runtime
            .universe()
            .primitive(ferrocil_metadata::ElementType::String);
        self.corlib(op::NEWOBJ, class, ".ctor", &[string])?;
        self.op(op::THROW);
        Ok(())
    }

    pub(super) fn jump(&mut self, opcode: u8) -> Jump {
        self.code.push(opcode);
        self.code.extend([0; 4]);
        Jump(self.code.len())
    }

    /// The jump comes here.
    pub(super) fn land(&mut self, jump: Jump) {
        let distance = (self.code.len() - jump.0) as i32;
        self.code[jump.0 - 4..jump.0].copy_from_slice(&distance.to_le_bytes());
    }

    pub(super) fn here(&self) -> u32 {
        self.code.len() as u32
    }

    /// A catch clause for the code from `start` to `handler`, whose handler ends here.
    pub(super) fn catch(&mut self, start: u32, handler: u32, class: ClassPtr) {
        self.refs.push(DynamicRef::Type(class.ty));
        let token = ferrocil_metadata::Token(self.refs.len() as u32);
        let end = self.here();
        self.clauses.push(EhClause {
            kind: ferrocil_metadata::EhKind::Catch(token),
            try_offset: start,
            try_len: handler - start,
            handler_offset: handler,
            handler_len: end - handler,
        });
    }
}
