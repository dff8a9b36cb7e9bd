//! Calls of native functions (ECMA-335 II.15.5.2): IL that turns managed arguments into
//! native ones, calls, and turns the result back.
//!
//! Supported: numbers, pointers, `bool`, `char`, enums, strings, `StringBuilder`, vectors
//! of and references to what has the same form on both sides, structs of such, handles,
//! delegates (as function pointers).

use std::path::PathBuf;

use ferrocil_generics::TypeId;
use ferrocil_jit::host::CallSig;
use ferrocil_metadata::{ElementType, PInvokeAttributes, StringFormat};

use super::call_native::{call_native, word};
use super::callback::function_pointer;
use super::forms::{BUILDER, Form, MARSHAL, Places};
use super::il::{Il, op};
use super::library;
use crate::error::LoadResult;
use crate::exec::Host;
use crate::icall::{IcallFn, NativeFn};
use crate::types::{MethodPtr, Signature};

/// What a wrapper calls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    Address(usize),
    /// The address in the argument behind those of the signature.
    Last,
}

/// One wrapper in the making.
struct Wrapper<'h, 'r> {
    host: &'h Host<'r>,
    il: Il<'h>,
    method: MethodPtr,
    wide: bool,
    block: usize,
    places: Places,
    /// Local variables with strings to free.
    owned: Vec<usize>,
    /// Arguments that must live until the function returns.
    alive: Vec<usize>,
    /// StringBuilder arguments: number, buffer.
    builders: Vec<(usize, usize)>,
}

impl Host<'_> {
    /// Code of a method that names a native function.
    pub(in crate::exec) fn native_wrapper(
        &self,
        method: MethodPtr,
        sig: CallSig,
        library: &str,
        entry: &str,
        flags: PInvokeAttributes,
    ) -> LoadResult<usize> {
        let wide = flags.string_format() == StringFormat::Unicode;
        let mut names = vec![entry.to_owned()];
        names.push(format!("{entry}{}", if wide { 'W' } else { 'A' }));
        let folder: Option<PathBuf> = self
            .runtime
            .image(method.def.image)
            .and_then(|image| image.path.parent().map(PathBuf::from));
        let function = library::find(library, &names, folder.as_deref())?;
        let last_error = flags.contains(PInvokeAttributes::SUPPORTS_LAST_ERROR);
        let signature = self.runtime.signature(method)?;
        if signature.has_this {
            return Err(self.unsupported(method, "an instance method"));
        }
        let function = Function::Address(function);
        let body = self.native_call_body(method, signature, wide, last_error, function)?;
        self.compile_wrapper(method, sig, body.finish(method.name))
    }

    /// A static body that calls a native function with the parameters of `signature`; errors name
    /// `method`.
    pub(super) fn native_call_body(
        &self,
        method: MethodPtr,
        signature: &Signature,
        wide: bool,
        last_error: bool,
        function: Function,
    ) -> LoadResult<Il<'_>> {
        if signature.vararg {
            return Err(self.unsupported(method, "a variable argument list"));
        }
        let mut il = Il::new(self.runtime);
        let word = self.runtime.universe().primitive(ElementType::I);
        let block = il.local(word);
        let mut wrapper = Wrapper {
            host: self,
            il,
            method,
            wide,
            block,
            places: Places::default(),
            owned: Vec::new(),
            alive: Vec::new(),
            builders: Vec::new(),
        };
        wrapper.call(signature, last_error, function)?;
        Ok(wrapper.il)
    }

    /// The runtime's own function that makes the call.
    fn native_caller(&self) -> LoadResult<MethodPtr> {
        let universe = self.runtime.universe();
        let signature = Signature {
            has_this: false,
            vararg: false,
            generic_arity: 0,
            ret: universe.primitive(ElementType::Void),
            params: [universe.primitive(ElementType::I)].into(),
        };
        let class = self.runtime.corlib_class(MARSHAL.0, MARSHAL.1)?;
        let target: NativeFn = call_native.shim();
        self.runtime
            .define_native_method(class, "call_native", signature, target)
    }
}

impl Wrapper<'_, '_> {
    fn call(
        &mut self,
        signature: &Signature,
        last_error: bool,
        function: Function,
    ) -> LoadResult<()> {
        let universe = self.host.runtime.universe();
        let void = universe.primitive(ElementType::Void);
        let forms: Vec<Form> = signature
            .params
            .iter()
            .map(|&p| self.host.form(p, self.method))
            .collect::<LoadResult<_>>()?;
        let ret = if signature.ret == void {
            None
        } else {
            Some(self.host.form(signature.ret, self.method)?)
        };
        // The block: fixed words, and at most the words of all arguments on the stack.
        let words: usize = forms
            .iter()
            .map(|form| match form {
                Form::Struct(_, size) => (*size as usize).div_ceil(8),
                _ => 1,
            })
            .sum();
        self.il.int((word::STACK + words + 1) * 8);
        self.il.op(op::CONV_U);
        self.il.op2(op::LOCALLOC);
        self.il.store(self.block);
        let result = match ret {
            Some(Form::Struct(None, _)) => {
                // The function writes into our variable.
                let variable = self.il.local(signature.ret);
                let place = self.places.int();
                self.address(place);
                self.il.load_address(variable);
                self.il.op(op::CONV_U8);
                self.il.op(op::STIND_I8);
                Some(variable)
            }
            Some(Form::Struct(Some(_), _)) => Some(self.il.local(signature.ret)),
            _ => None,
        };
        for (n, &form) in forms.iter().enumerate() {
            self.argument(n, signature.params[n], form)?;
        }
        self.address(word::STACK_COUNT);
        self.il.int(self.places.stack);
        self.il.op(op::CONV_I8);
        self.il.op(op::STIND_I8);
        self.address(word::FUNCTION);
        match function {
            Function::Address(address) => self.il.word(address),
            Function::Last => {
                self.il.arg(forms.len());
                self.il.op(op::CONV_U8);
            }
        }
        self.il.op(op::STIND_I8);
        self.il.load(self.block);
        let caller = self.host.native_caller()?;
        self.il.call(caller);
        self.after(last_error)?;
        if let Some(form) = ret {
            self.result(signature.ret, form, result)?;
        }
        self.il.op(op::RET);
        Ok(())
    }

    /// Pushes the address of a word of the block.
    fn address(&mut self, place: usize) {
        self.il.load(self.block);
        self.il.int(place * 8);
        self.il.op(op::ADD);
    }

    fn argument(&mut self, n: usize, ty: TypeId, form: Form) -> LoadResult<()> {
        match form {
            Form::F32 | Form::F64 => {
                let place = self.places.float();
                self.address(place);
                self.il.arg(n);
                self.il.op(if form == Form::F32 {
                    op::STIND_R4
                } else {
                    op::STIND_R8
                });
                return Ok(());
            }
            Form::Struct(parts, size) => {
                self.struct_argument(n, parts, size);
                return Ok(());
            }
            _ => {}
        }
        let value = match form {
            Form::String => Some(self.string(n)?),
            Form::StringBuilder => Some(self.builder(n)?),
            Form::Vector(element) => Some(self.vector(n, element)),
            Form::Delegate => Some(self.delegate(n)?),
            _ => None,
        };
        let place = self.places.int();
        self.address(place);
        match (form, value) {
            (_, Some(local)) => self.il.load(local),
            (Form::Bool, _) => self.il.arg(n),
            (Form::Char, _) => {
                self.il.arg(n);
                self.il
                    .op(if self.wide { op::CONV_U2 } else { op::CONV_U1 });
            }
            (Form::SafeHandle, _) => {
                self.alive.push(n);
                self.il.arg(n);
                self.il.corlib(
                    op::CALLVIRT,
                    ("System.Runtime.InteropServices", "SafeHandle"),
                    "DangerousGetHandle",
                    &[],
                )?;
            }
            (Form::HandleRef, _) => {
                let class = self.host.runtime.class(ty)?;
                self.il.arg(n);
                self.il.field(op::LDFLD, class, "m_handle")?;
            }
            _ => self.il.arg(n),
        }
        // Whatever it was, eight bytes: signed numbers with their sign.
        let unsigned = !self.host.is_signed(ty)?;
        self.il.op(if unsigned { op::CONV_U8 } else { op::CONV_I8 });
        self.il.op(op::STIND_I8);
        Ok(())
    }

    fn struct_argument(&mut self, n: usize, parts: Option<[bool; 2]>, size: u32) {
        let places = self.places.struct_parts(parts, size);
        for (part, place) in places.into_iter().enumerate() {
            self.address(place);
            self.il.arg_address(n);
            self.il.int(part * 8);
            self.il.op(op::ADD);
            self.il.int((size as usize - part * 8).min(8));
            self.il.op2(op::CPBLK);
        }
    }

    fn word_local(&mut self) -> usize {
        let word = self.host.runtime.universe().primitive(ElementType::I);
        self.il.local(word)
    }

    /// A copy of a string in native memory.
    fn string(&mut self, n: usize) -> LoadResult<usize> {
        let local = self.word_local();
        self.il.arg(n);
        self.copy_string(local)?;
        Ok(local)
    }

    fn copy_string(&mut self, local: usize) -> LoadResult<()> {
        let string = self.host.runtime.universe().primitive(ElementType::String);
        let name = if self.wide {
            "StringToHGlobalUni"
        } else {
            "StringToHGlobalAnsi"
        };
        self.il.corlib(op::CALL, MARSHAL, name, &[string])?;
        self.il.store(local);
        self.owned.push(local);
        Ok(())
    }

    /// A buffer with the text of a StringBuilder and room for its capacity.
    fn builder(&mut self, n: usize) -> LoadResult<usize> {
        let local = self.word_local();
        let word = self.host.runtime.universe().primitive(ElementType::I);
        self.il.arg(n);
        let null = self.il.jump(op::BRFALSE);
        self.il.arg(n);
        self.il.corlib(op::CALLVIRT, BUILDER, "ToString", &[])?;
        self.copy_string(local)?;
        self.il.load(local);
        self.il.arg(n);
        self.il.corlib(op::CALLVIRT, BUILDER, "get_Capacity", &[])?;
        self.il.int(1);
        self.il.op(op::ADD);
        self.il.int(4);
        self.il.op(op::MUL);
        self.il.op(op::CONV_U);
        self.il
            .corlib(op::CALL, MARSHAL, "ReAllocHGlobal", &[word, word])?;
        self.il.store(local);
        self.il.land(null);
        self.builders.push((n, local));
        Ok(local)
    }

    /// The address of a vector's first element. Objects that a frame names do not move.
    fn vector(&mut self, n: usize, element: TypeId) -> usize {
        let local = self.word_local();
        self.il.arg(n);
        let null = self.il.jump(op::BRFALSE);
        self.il.arg(n);
        self.il.op(op::LDLEN);
        let empty = self.il.jump(op::BRFALSE);
        self.il.arg(n);
        self.il.int(0);
        self.il.ty(op::LDELEMA, element);
        self.il.op(op::CONV_U);
        self.il.store(local);
        self.il.land(null);
        self.il.land(empty);
        self.alive.push(n);
        local
    }

    /// The function pointer of a delegate, which lives until the call returns.
    fn delegate(&mut self, n: usize) -> LoadResult<usize> {
        let local = self.word_local();
        let runtime = self.host.runtime;
        let universe = runtime.universe();
        let signature = Signature {
            has_this: false,
            vararg: false,
            generic_arity: 0,
            ret: universe.primitive(ElementType::I),
            params: [universe.primitive(ElementType::Object)].into(),
        };
        let class = runtime.corlib_class(MARSHAL.0, MARSHAL.1)?;
        let target: NativeFn = function_pointer.shim();
        let pointer = runtime.define_native_method(class, "function_pointer", signature, target)?;
        self.il.arg(n);
        self.il.call(pointer);
        self.il.store(local);
        self.alive.push(n);
        Ok(local)
    }

    /// What follows the call, whatever it returns.
    fn after(&mut self, last_error: bool) -> LoadResult<()> {
        let universe = self.host.runtime.universe();
        let (int, word) = (
            universe.primitive(ElementType::I4),
            universe.primitive(ElementType::I),
        );
        let object = universe.primitive(ElementType::Object);
        let string = universe.primitive(ElementType::String);
        if last_error {
            self.address(word::ERRNO);
            self.il.op(op::LDIND_I8);
            self.il.op(op::CONV_I4);
            self.il
                .corlib(op::CALL, MARSHAL, "SetLastWin32Error", &[int])?;
        }
        for (n, buffer) in std::mem::take(&mut self.builders) {
            self.il.arg(n);
            let null = self.il.jump(op::BRFALSE);
            self.il.arg(n);
            self.il.int(0);
            self.il
                .corlib(op::CALLVIRT, BUILDER, "set_Length", &[int])?;
            self.il.arg(n);
            self.il.load(buffer);
            self.text_of(word)?;
            self.il.corlib(op::CALLVIRT, BUILDER, "Append", &[string])?;
            self.il.op(op::POP);
            self.il.land(null);
        }
        for local in std::mem::take(&mut self.owned) {
            self.il.load(local);
            self.il.corlib(op::CALL, MARSHAL, "FreeHGlobal", &[word])?;
        }
        for n in std::mem::take(&mut self.alive) {
            self.il.arg(n);
            self.il
                .corlib(op::CALL, ("System", "GC"), "KeepAlive", &[object])?;
        }
        Ok(())
    }

    /// The string at the address on the stack.
    fn text_of(&mut self, word: TypeId) -> LoadResult<()> {
        let name = if self.wide {
            "PtrToStringUni"
        } else {
            "PtrToStringAnsi"
        };
        self.il.corlib(op::CALL, MARSHAL, name, &[word])
    }

    fn result(&mut self, ty: TypeId, form: Form, variable: Option<usize>) -> LoadResult<()> {
        if let (Form::Struct(parts, size), Some(variable)) = (form, variable) {
            if let Some(float) = parts {
                let (mut ints, mut floats) = (word::RESULT_INTS, word::RESULT_FLOATS);
                let parts = (size as usize).div_ceil(8);
                for (part, float) in float.into_iter().enumerate().take(parts) {
                    let next = if float { &mut floats } else { &mut ints };
                    let place = *next;
                    *next += 1;
                    self.il.load_address(variable);
                    self.il.int(part * 8);
                    self.il.op(op::ADD);
                    self.address(place);
                    self.il.int((size as usize - part * 8).min(8));
                    self.il.op2(op::CPBLK);
                }
            }
            self.il.load(variable);
            return Ok(());
        }
        match form {
            Form::F32 => {
                self.address(word::RESULT_FLOATS);
                self.il.op(op::LDIND_R4);
            }
            Form::F64 => {
                self.address(word::RESULT_FLOATS);
                self.il.op(op::LDIND_R8);
            }
            Form::Bool => {
                // C's BOOL: any of its 32 bits.
                self.address(word::RESULT_INTS);
                self.il.op(op::LDIND_I8);
                self.il.op(op::CONV_I4);
                let no = self.il.jump(op::BRFALSE);
                self.il.int(1);
                self.il.op(op::RET);
                self.il.land(no);
                self.il.int(0);
            }
            Form::String => {
                self.address(word::RESULT_INTS);
                self.il.op(op::LDIND_I8);
                let word = self.host.runtime.universe().primitive(ElementType::I);
                self.text_of(word)?;
            }
            Form::SafeHandle => {
                let class = self.host.runtime.class(ty)?;
                let ctor = self
                    .host
                    .runtime
                    .find_method(class, ".ctor", Some(0))?
                    .ok_or_else(|| {
                        self.host
                            .unsupported(self.method, "a handle without constructor")
                    })?;
                let word = self.host.runtime.universe().primitive(ElementType::I);
                self.il.method(op::NEWOBJ, ctor);
                self.il.op(op::DUP);
                self.address(word::RESULT_INTS);
                self.il.op(op::LDIND_I8);
                self.il.corlib(
                    op::CALL,
                    ("System.Runtime.InteropServices", "SafeHandle"),
                    "SetHandle",
                    &[word],
                )?;
            }
            Form::Int | Form::Char => {
                self.address(word::RESULT_INTS);
                self.il.ty(op::LDOBJ, ty);
            }
            _ => {
                return Err(self.host.unsupported(self.method, "a result of this type"));
            }
        }
        Ok(())
    }
}
