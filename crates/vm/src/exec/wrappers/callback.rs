//! Delegates as function pointers and back (ECMA-335 II.15.5.2, `System.Runtime.InteropServices.Marshal`).
//!
//! A delegate's thunk is made once and kept in its `delegate_trampoline` field. It refers to the delegate weakly: the
//! program keeps the delegate alive while native code has the pointer. A thunk whose delegate is gone is used
//! again for another one, but only after many others, so that a late call is mostly told what is wrong.

use std::collections::VecDeque;

use ferrocil_gc::{HandleKind, Plan as _};
use ferrocil_generics::TypeId;
use ferrocil_metadata::{ElementType, TableId, Token};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::call_native::word;
use super::callback_entry::{Callback, thunk};
use super::forms::{Form, MARSHAL, Places};
use super::il::{Il, op};
use super::pinvoke::Function;
use crate::binding::{from_gc, to_gc};
use crate::dynamic::DynamicBody;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::exec::Host;
use crate::icall::Thrown;
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::{ClassPtr, MethodPtr, Signature};
use crate::wellknown::Wk;

/// Thunks of dead delegates that wait before they are used again.
const RESTING: usize = 1024;

/// The function pointers of a runtime.
#[derive(Default)]
struct Callbacks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The IL that enters delegates of a class.
    wrappers: FxHashMap<ClassPtr, MethodPtr>,
    /// The IL that calls function pointers, by class and address.
    callers: FxHashMap<(ClassPtr, usize), MethodPtr>,
    /// The IL that calls any address with a signature: its own parameters and result.
    pointer_calls: FxHashMap<(Box<[TypeId]>, TypeId), MethodPtr>,
    /// Thunks in use and what they call, in the order of their making.
    thunks: VecDeque<(usize, Box<Callback>)>,
    by_address: FxHashMap<usize, ferrocil_gc::HandleId>,
}

/// The function pointer of a delegate; 0 for null.
pub(super) fn function_pointer(thread: &Thread, delegate: ObjRef) -> Result<usize, Thrown> {
    if delegate.is_null() {
        return Ok(0);
    }
    thread.function_pointer(delegate)
}

impl Thread {
    /// The address at which native code calls a delegate, by the C convention.
    ///
    /// # Errors
    /// A parameter or the result has no native form; OutOfMemory.
    pub fn function_pointer(&self, delegate: ObjRef) -> Result<usize, Thrown> {
        let field = self.field_offset("System.Delegate", "delegate_trampoline")?;
        let callbacks = self.runtime().ext::<Callbacks>();
        let known: usize = delegate.read(field);
        // A clone has its original's address in the field.
        if known != 0 && self.delegate_at(&callbacks, known) == delegate {
            return Ok(known);
        }
        let fail = |e: LoadError| self.throw_load_error(&e);
        let host = self.host();
        let class = self.runtime().class_of(delegate);
        let wrapper = host.callback_wrapper(&callbacks, class).map_err(fail)?;
        let entry = self.domain().entry(wrapper).map_err(fail)?;
        let handle = self
            .runtime()
            .heap()
            .alloc_handle(HandleKind::WeakTrackResurrection, to_gc(delegate))
            .map_err(|_| self.throw_out_of_memory())?;
        let callback = Box::new(Callback {
            runtime: self.runtime(),
            domain: self.domain(),
            delegate: handle,
            code: entry.precode(),
            sig: host.call_sig(wrapper).map_err(fail)?,
        });
        let address = self.install(&callbacks, callback).map_err(fail)?;
        delegate.write(field, address);
        Ok(address)
    }

    fn install(&self, callbacks: &Callbacks, callback: Box<Callback>) -> LoadResult<usize> {
        let heap = self.runtime().heap();
        let mut state = callbacks.state.lock();
        let handle = callback.delegate;
        let rested = state.thunks.len() >= RESTING
            && state
                .thunks
                .front()
                .is_some_and(|(_, oldest)| heap.handle_target(oldest.delegate).flatten().is_none());
        let address = match state.thunks.pop_front() {
            Some((address, mut oldest)) if rested => {
                state.by_address.remove(&address);
                heap.free_handle(oldest.delegate);
                // The thunk names this box: only what is in it changes.
                *oldest = *callback;
                state.thunks.push_back((address, oldest));
                address
            }
            front => {
                // One that is still in use goes to the end, so that others are looked at in turn.
                state.thunks.extend(front);
                let address = self
                    .domain()
                    .code
                    .install(&thunk(&raw const *callback), 16)?
                    .address;
                state.thunks.push_back((address, callback));
                address
            }
        };
        state.by_address.insert(address, handle);
        Ok(address)
    }

    /// A delegate of a class that calls a native function.
    ///
    /// # Errors
    /// A parameter or the result has no native form; OutOfMemory.
    pub fn delegate_for_pointer(&self, class: ClassPtr, pointer: usize) -> Result<ObjRef, Thrown> {
        let callbacks = self.runtime().ext::<Callbacks>();
        let own = self.delegate_at(&callbacks, pointer);
        if !own.is_null() && self.runtime().class_of(own) == class {
            return Ok(own);
        }
        let caller = self
            .host()
            .pointer_caller(&callbacks, class, pointer)
            .map_err(|e| self.throw_load_error(&e))?;
        self.new_delegate_on(class, ObjRef::NULL, caller)
    }

    /// The delegate whose thunk is at an address; null when there is none, or it was collected.
    fn delegate_at(&self, callbacks: &Callbacks, address: usize) -> ObjRef {
        let handle = callbacks.state.lock().by_address.get(&address).copied();
        from_gc(handle.and_then(|h| self.runtime().heap().handle_target(h).flatten()))
    }

    fn host(&self) -> Host<'_> {
        Host {
            runtime: self.runtime(),
            domain: self.domain(),
            thread: self,
            recorder: None,
        }
    }
}

impl Runtime {
    /// Whether strings of a delegate class are UTF-16 on the native side
    /// (`UnmanagedFunctionPointer(…, CharSet = CharSet.Unicode)`).
    fn is_wide_delegate(&self, class: ClassPtr) -> LoadResult<bool> {
        // A named field: FIELD (0x53), ELEMENT_TYPE_ENUM is 0x55, its type's name, "CharSet", the value.
        const NAME: &[u8] = b"\x07CharSet\x03\0\0\0";
        let Some(def) = class.def else {
            return Ok(false);
        };
        let image = self.image_of(def)?;
        let metadata = image.image();
        Ok(metadata
            .custom_attributes(Token::new(TableId::TypeDef, def.rid))
            .filter(|&rid| {
                crate::loader::attribute_type(image, rid)
                    .is_some_and(|(_, name)| name == "UnmanagedFunctionPointerAttribute")
            })
            .filter_map(|rid| metadata.custom_attribute(rid).ok())
            .filter_map(|row| metadata.blob(row.value).ok())
            .any(|blob| blob.windows(NAME.len()).any(|part| part == NAME)))
    }
}

impl Host<'_> {
    /// A static method with the parameters of a delegate class that calls a native function.
    fn pointer_caller(
        &self,
        callbacks: &Callbacks,
        class: ClassPtr,
        pointer: usize,
    ) -> LoadResult<MethodPtr> {
        let known = callbacks
            .state
            .lock()
            .callers
            .get(&(class, pointer))
            .copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let invoke = self.runtime.delegate_invoke(class)?;
        let signature = self.runtime.signature(invoke)?;
        let wide = self.runtime.is_wide_delegate(class)?;
        let function = Function::Address(pointer);
        let body = self.native_call_body(invoke, signature, wide, false, function)?;
        let method = self.runtime.define_dynamic_method(
            class,
            Signature {
                has_this: false,
                ..signature.clone()
            },
            body.finish("Invoke"),
        )?;
        callbacks
            .state
            .lock()
            .callers
            .insert((class, pointer), method);
        Ok(method)
    }

    /// The method that makes native calls with a signature (`calli unmanaged`): it takes the arguments
    /// and then the address. Errors name `caller`.
    pub(in crate::exec) fn pointer_call(
        &self,
        caller: MethodPtr,
        params: &[TypeId],
        ret: TypeId,
    ) -> LoadResult<MethodPtr> {
        let callbacks = self.runtime.ext::<Callbacks>();
        let mut all: Vec<TypeId> = params.to_vec();
        all.push(self.runtime.universe().primitive(ElementType::I));
        let key = (all.into_boxed_slice(), ret);
        let known = callbacks.state.lock().pointer_calls.get(&key).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let mut signature = Signature {
            has_this: false,
            vararg: false,
            generic_arity: 0,
            ret,
            params: params.into(),
        };
        let body = self.native_call_body(caller, &signature, false, false, Function::Last)?;
        signature.params = key.0.clone();
        let class = self.runtime.corlib_class(MARSHAL.0, MARSHAL.1)?;
        let method = self.runtime.define_dynamic_method(
            class,
            signature,
            body.finish("managed-to-native"),
        )?;
        callbacks.state.lock().pointer_calls.insert(key, method);
        Ok(method)
    }

    /// The method through which native code enters delegates of a class.
    fn callback_wrapper(&self, callbacks: &Callbacks, class: ClassPtr) -> LoadResult<MethodPtr> {
        if class == self.runtime.well_known_class(Wk::MulticastDelegate)? || class.open {
            return Err(LoadError::new(
                LoadErrorKind::InvalidOperation,
                self.runtime.type_name(class.ty),
                "only delegates of a class with an Invoke method have a function pointer",
            ));
        }
        let known = callbacks.state.lock().wrappers.get(&class).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let invoke = self.runtime.delegate_invoke(class)?;
        let universe = self.runtime.universe();
        let body = self.callback_body(class, invoke)?;
        let method = self.runtime.define_dynamic_method(
            class,
            Signature {
                has_this: false,
                vararg: false,
                generic_arity: 0,
                ret: universe.primitive(ElementType::Void),
                params: [class.ty, universe.primitive(ElementType::I)].into(),
            },
            body,
        )?;
        callbacks.state.lock().wrappers.insert(class, method);
        Ok(method)
    }

    fn callback_body(&self, class: ClassPtr, invoke: MethodPtr) -> LoadResult<DynamicBody> {
        let signature = self.runtime.signature(invoke)?;
        let void = self.runtime.universe().primitive(ElementType::Void);
        let ret = if signature.ret == void {
            None
        } else {
            Some(self.form(signature.ret, invoke)?)
        };
        let mut entry = Entry {
            host: self,
            il: Il::new(self.runtime),
            invoke,
            wide: self.runtime.is_wide_delegate(class)?,
            places: Places::default(),
        };
        // The caller's variable for a large struct comes first.
        let place = matches!(ret, Some(Form::Struct(None, _))).then(|| entry.places.int());
        let mut locals = Vec::new();
        for &ty in &*signature.params {
            locals.push(entry.argument(ty)?);
        }
        entry.il.arg(0);
        for local in locals {
            entry.il.load(local);
        }
        entry.il.method(op::CALLVIRT, invoke);
        if let Some(form) = ret {
            entry.result(signature.ret, form, place)?;
        }
        entry.il.op(op::RET);
        Ok(entry.il.finish("native-to-managed"))
    }
}

/// The entry of one class of delegates in the making; arguments are the delegate and the block.
struct Entry<'h, 'r> {
    host: &'h Host<'r>,
    il: Il<'h>,
    invoke: MethodPtr,
    wide: bool,
    places: Places,
}

impl Entry<'_, '_> {
    /// Pushes the address of a word that the caller filled.
    fn address(&mut self, place: usize) {
        self.il.arg(1);
        let offset = if place < word::STACK {
            place
        } else {
            self.il.int(word::STACK_COUNT * 8);
            self.il.op(op::ADD);
            self.il.op(op::LDIND_I8);
            self.il.op(op::CONV_U);
            place - word::STACK
        };
        self.il.int(offset * 8);
        self.il.op(op::ADD);
    }

    /// Puts a parameter of `Invoke` into a local variable.
    fn argument(&mut self, ty: TypeId) -> LoadResult<usize> {
        let form = self.host.form(ty, self.invoke)?;
        let local = self.il.local(ty);
        if let Form::Struct(parts, size) = form {
            let places = self.places.struct_parts(parts, size);
            for (part, place) in places.into_iter().enumerate() {
                self.il.load_address(local);
                self.il.int(part * 8);
                self.il.op(op::ADD);
                self.address(place);
                self.il.int((size as usize - part * 8).min(8));
                self.il.op2(op::CPBLK);
            }
            return Ok(local);
        }
        let place = match form {
            Form::F32 | Form::F64 => self.places.float(),
            _ => self.places.int(),
        };
        self.address(place);
        match form {
            Form::F32 => self.il.op(op::LDIND_R4),
            Form::F64 => self.il.op(op::LDIND_R8),
            Form::Bool => {
                // C's BOOL: any of its 32 bits.
                self.il.op(op::LDIND_I8);
                self.il.op(op::CONV_I4);
                let no = self.il.jump(op::BRFALSE);
                self.il.int(1);
                self.il.store(local);
                self.il.land(no);
                return Ok(local);
            }
            Form::Char => {
                self.il.op(op::LDIND_I8);
                self.il
                    .op(if self.wide { op::CONV_U2 } else { op::CONV_U1 });
            }
            Form::Int => self.il.ty(op::LDOBJ, self.host.word_of(ty)?),
            Form::String => {
                self.il.op(op::LDIND_I8);
                self.il.op(op::CONV_U);
                let word = self.host.runtime.universe().primitive(ElementType::I);
                let name = if self.wide {
                    "PtrToStringUni"
                } else {
                    "PtrToStringAnsi"
                };
                self.il.corlib(op::CALL, MARSHAL, name, &[word])?;
            }
            _ => {
                return Err(self
                    .host
                    .unsupported(self.invoke, "in a callback, a parameter of this type"));
            }
        }
        self.il.store(local);
        Ok(local)
    }

    /// Gives the result on the stack to the caller.
    fn result(&mut self, ty: TypeId, form: Form, place: Option<usize>) -> LoadResult<()> {
        let local = self.il.local(ty);
        self.il.store(local);
        if let Form::Struct(parts, size) = form {
            let (mut ints, mut floats) = (word::RESULT_INTS, word::RESULT_FLOATS);
            if let Some(place) = place {
                self.address(place);
                self.il.op(op::LDIND_I8);
                self.il.op(op::CONV_U);
                self.il.load_address(local);
                self.il.int(size as usize);
                self.il.op2(op::CPBLK);
                // The address is the result.
                self.address(word::RESULT_INTS);
                self.address(place);
                self.il.op(op::LDIND_I8);
                self.il.op(op::STIND_I8);
                return Ok(());
            }
            for part in 0..(size as usize).div_ceil(8) {
                let float = parts.is_some_and(|p| p[part]);
                let next = if float { &mut floats } else { &mut ints };
                let place = *next;
                *next += 1;
                self.address(place);
                self.il.load_address(local);
                self.il.int(part * 8);
                self.il.op(op::ADD);
                self.il.int((size as usize - part * 8).min(8));
                self.il.op2(op::CPBLK);
            }
            return Ok(());
        }
        let float = matches!(form, Form::F32 | Form::F64);
        self.address(if float {
            word::RESULT_FLOATS
        } else {
            word::RESULT_INTS
        });
        self.il.load(local);
        match form {
            Form::F32 => self.il.op(op::STIND_R4),
            Form::F64 => self.il.op(op::STIND_R8),
            Form::Int | Form::Bool | Form::Char => {
                let signed = self.host.is_signed(ty)?;
                self.il.op(if signed { op::CONV_I8 } else { op::CONV_U8 });
                self.il.op(op::STIND_I8);
            }
            Form::String => {
                // The caller owns the copy.
                let string = self.host.runtime.universe().primitive(ElementType::String);
                let name = if self.wide {
                    "StringToHGlobalUni"
                } else {
                    "StringToHGlobalAnsi"
                };
                self.il.corlib(op::CALL, MARSHAL, name, &[string])?;
                self.il.op(op::CONV_U8);
                self.il.op(op::STIND_I8);
            }
            _ => {
                return Err(self
                    .host
                    .unsupported(self.invoke, "from a callback, a result of this type"));
            }
        }
        Ok(())
    }
}

impl Host<'_> {
    /// The type that a word is read as: addresses are numbers.
    fn word_of(&self, ty: TypeId) -> LoadResult<TypeId> {
        use crate::types::ClassKind;
        let class = self.runtime.class(ty)?;
        Ok(match class.kind {
            ClassKind::Pointer | ClassKind::FnPtr | ClassKind::ByRef => {
                self.runtime.universe().primitive(ElementType::I)
            }
            _ => ty,
        })
    }
}
