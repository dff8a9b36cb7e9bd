//! Our answers to the compiler's questions.

use ferrocil_gc::{BarrierDescriptor, Heap};
use ferrocil_generics::{Context, MethodId, TypeId};
use ferrocil_jit::host::{
    AbiConfig, ArrayInfo, BoxKind, CallKind, CallSig, CallSite, CalliSig, CastStrategy,
    CompilerHost, DeferredError, FieldHandle, FieldPlace, FieldRef, HostResult, IlBody, LdToken,
    LocalType, MethodHandle, Repr, ResolveError, StringHandle, Symbol, This, ThrowKind, TypeHandle,
    TypeLayout, WellKnownType, WriteBarrier,
};
use ferrocil_metadata::{ElementType, MethodImplAttributes, TableId, Token, TypeAttributes};

use crate::binding::GcBinding;
use crate::codecache::{Assumption, Recorder};
use crate::domain::{Domain, IMT_OFFSET, IMT_SLOTS, VTable};
use crate::dynamic::{DynamicBody, DynamicRef};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::exceptions::kind_named;
use crate::loader::LoadedImage;
use crate::object::{ArrayRef, HEADER_SIZE, StringRef};
use crate::runtime::Runtime;
use crate::threads::{Thread, ThreadLayout};
use crate::types::{ClassKind, ClassPtr, FieldPtr, MethodKind, MethodPtr, is_assignable};
use crate::wellknown::Wk;

/// The host of one compilation: for code of a domain, made by a thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host<'t> {
    pub(crate) runtime: &'t Runtime,
    pub(crate) domain: &'t Domain,
    pub(crate) thread: &'t Thread,
    /// Notes what the answers of one compilation came from, when its code may be kept.
    pub(crate) recorder: Option<&'t Recorder>,
}

/// The barrier that compiled code owes a heap.
pub(crate) fn write_barrier(heap: &Heap<GcBinding>) -> Option<WriteBarrier> {
    match heap.barrier_descriptor() {
        BarrierDescriptor::UnloggedLine {
            table,
            heap_start,
            heap_len,
            shift,
            unlogged,
            logged,
            block_table,
            block_shift,
        } => Some(WriteBarrier {
            table: table.wrapping_sub(heap_start >> shift),
            heap_start,
            heap_len,
            shift,
            unlogged,
            logged,
            block_table: block_table.wrapping_sub(heap_start >> block_shift),
            block_shift,
        }),
        _ => None,
    }
}

/// A type as the compiler names it.
pub(crate) fn type_handle(ty: TypeId) -> TypeHandle {
    TypeHandle(ty.raw())
}

/// A method as the compiler names it.
pub(crate) fn method_handle(method: MethodPtr) -> MethodHandle {
    MethodHandle(method.id.raw())
}

impl Host<'_> {
    pub(crate) fn class(&self, ty: TypeHandle) -> LoadResult<ClassPtr> {
        let ty = TypeId::from_raw(ty.0).ok_or_else(|| LoadError::type_load("", "type handle 0"))?;
        let class = self.runtime.class(ty)?;
        self.touch(class);
        Ok(class)
    }

    fn touch(&self, class: ClassPtr) {
        if let Some(recorder) = self.recorder {
            recorder.touch(class);
        }
    }

    pub(crate) fn method(&self, method: MethodHandle) -> LoadResult<MethodPtr> {
        let method = MethodId::from_raw(method.0)
            .and_then(|id| self.runtime.method_if_loaded(id))
            .ok_or_else(|| LoadError::type_load("", "unknown method handle"))?;
        self.touch(method.class);
        Ok(method)
    }

    pub(crate) fn field(&self, field: FieldHandle) -> LoadResult<FieldPtr> {
        let field = self
            .runtime
            .field_by_index(field.0)
            .ok_or_else(|| LoadError::type_load("", "unknown field handle"))?;
        self.touch(field.class);
        Ok(field)
    }

    pub(crate) fn defer(&self, error: LoadError) -> ResolveError {
        if let Some(recorder) = self.recorder {
            recorder.bind_to_process();
        }
        let mut errors = self.runtime.deferred.lock();
        errors.push(error);
        ResolveError(DeferredError(errors.len() as u32 - 1))
    }

    pub(crate) fn answer<T>(&self, result: LoadResult<T>) -> HostResult<T> {
        result.map_err(|e| self.defer(e))
    }

    /// Image and arguments that tokens of a method's body are read with.
    pub(crate) fn scope(
        &self,
        method: MethodHandle,
    ) -> LoadResult<(MethodPtr, &LoadedImage, Context)> {
        let method = self.method(method)?;
        let image = self
            .runtime
            .image(method.def.image)
            .ok_or_else(|| LoadError::type_load("", "the method's image is not loaded"))?;
        Ok((method, image, method.context()))
    }

    /// A method's signature as a call sees it.
    pub(crate) fn call_sig(&self, method: MethodPtr) -> LoadResult<CallSig> {
        let sig = self.runtime.signature(method)?;
        let this = match (sig.has_this, method.class.is_value_type()) {
            (false, _) => This::None,
            (true, true) => This::ByRef,
            (true, false) => This::Ref,
        };
        let mut params: Vec<TypeHandle> = sig.params.iter().map(|&p| type_handle(p)).collect();
        if sig.vararg {
            params.push(self.well_known(WellKnownType::RuntimeArgumentHandle));
        }
        Ok(CallSig {
            this,
            params,
            ret: type_handle(sig.ret),
        })
    }

    /// The scalars of a struct, in order of their offsets.
    fn scalars_of(
        &self,
        class: ClassPtr,
        at: u32,
        most: usize,
        out: &mut Vec<(u32, Repr)>,
    ) -> Option<()> {
        let layout = self.runtime.layout(class).ok()?;
        let fields = self.runtime.fields(class).ok()?;
        let mut instance: Vec<(u32, ClassPtr)> = Vec::new();
        for (field, offset) in fields.iter().zip(&layout.offsets) {
            if !field.is_static() {
                let class = self.runtime.class(field.ty).ok()?;
                self.touch(class);
                instance.push((*offset, class));
            }
        }
        instance.sort_unstable_by_key(|f| f.0);
        let mut end = 0u32;
        for (offset, field) in instance {
            let TypeLayout {
                repr, size, align, ..
            } = self.layout_of(field).ok()?;
            // Overlapping fields, and bytes that belong to no field.
            if offset != end.next_multiple_of(align.max(1)) || out.len() >= most {
                return None;
            }
            end = offset + size;
            match repr {
                Repr::Struct => self.scalars_of(field, at + offset, most, out)?,
                Repr::Void => return None,
                // `ByReference<T>` keeps its managed pointer in a native integer.
                Repr::I if layout.by_ref_like => out.push((at + offset, Repr::ByRef)),
                repr => out.push((at + offset, repr)),
            }
        }
        (end > 0 && end.next_multiple_of(layout.align.max(1)) == layout.size).then_some(())
    }

    /// Types of the arguments that a call of a vararg method passes besides the declared ones.
    fn variable_arg_types(
        &self,
        method: MethodHandle,
        token: Token,
    ) -> LoadResult<Option<Vec<TypeHandle>>> {
        let target = self.method_of_token(method, token)?;
        let declared = self.runtime.signature(target)?;
        if !declared.vararg {
            return Ok(None);
        }
        if self.runtime_body(self.method(method)?).is_some()
            || token.table() != Some(TableId::MemberRef)
        {
            return Ok(Some(Vec::new()));
        }
        let (_, image, context) = self.scope(method)?;
        let row = image.image().member_ref(token.rid())?;
        let given = self
            .runtime
            .read_method_sig(image, image.image().blob(row.signature)?)?;
        let extra = given
            .params
            .get(declared.params.len()..)
            .unwrap_or_default();
        extra
            .iter()
            .map(|&t| Ok(type_handle(self.runtime.universe().inflate(t, context)?)))
            .collect::<LoadResult<Vec<_>>>()
            .map(Some)
    }

    fn layout_of(&self, class: ClassPtr) -> LoadResult<TypeLayout> {
        let scalar = |repr, size: u32| TypeLayout {
            repr,
            size,
            align: size.max(1),
            has_refs: false,
        };
        Ok(match class.kind {
            ClassKind::Class | ClassKind::Interface | ClassKind::SzArray | ClassKind::Array => {
                TypeLayout {
                    repr: Repr::Ref,
                    size: 8,
                    align: 8,
                    has_refs: true,
                }
            }
            ClassKind::Pointer | ClassKind::FnPtr => scalar(Repr::I, 8),
            ClassKind::ByRef => TypeLayout {
                repr: Repr::ByRef,
                size: 8,
                align: 8,
                has_refs: true,
            },
            ClassKind::GenericParam => {
                return Err(LoadError::type_load(
                    self.runtime.type_name(class.ty),
                    format!(
                        "type parameter '{}' is not bound",
                        self.runtime.type_name(class.ty)
                    ),
                ));
            }
            ClassKind::ValueType | ClassKind::Enum => {
                let base = class.underlying().unwrap_or(class);
                match base.element_type {
                    ElementType::Void => scalar(Repr::Void, 0),
                    ElementType::Boolean => scalar(Repr::Bool, 1),
                    ElementType::Char => scalar(Repr::Char, 2),
                    ElementType::I1 => scalar(Repr::I1, 1),
                    ElementType::U1 => scalar(Repr::U1, 1),
                    ElementType::I2 => scalar(Repr::I2, 2),
                    ElementType::U2 => scalar(Repr::U2, 2),
                    ElementType::I4 => scalar(Repr::I4, 4),
                    ElementType::U4 => scalar(Repr::U4, 4),
                    ElementType::I8 => scalar(Repr::I8, 8),
                    ElementType::U8 => scalar(Repr::U8, 8),
                    ElementType::I => scalar(Repr::I, 8),
                    ElementType::U => scalar(Repr::U, 8),
                    ElementType::R4 => scalar(Repr::R4, 4),
                    ElementType::R8 => scalar(Repr::R8, 8),
                    _ => {
                        let layout = self.runtime.layout(class)?;
                        TypeLayout {
                            repr: Repr::Struct,
                            size: layout.size,
                            align: layout.align,
                            has_refs: !layout.refs.is_empty() || layout.by_ref_like,
                        }
                    }
                }
            }
        })
    }

    fn box_kind_of(&self, class: ClassPtr) -> LoadResult<BoxKind> {
        if self.runtime.is_by_ref_like(class)? {
            let name = self.runtime.type_name(class.ty);
            return Err(LoadError::bad_image(
                name.clone(),
                format!("Cannot box IsByRefLike type '{name}'"),
            ));
        }
        if class.is_reference() {
            return Ok(BoxKind::Reference);
        }
        if let Some(value) = self.runtime.nullable_value(class) {
            let (flag, payload) = self.runtime.nullable_offsets(class)?;
            return Ok(BoxKind::Nullable {
                value: type_handle(value.ty),
                is_enum: value.kind == ClassKind::Enum,
                has_value_offset: flag,
                value_offset: payload,
            });
        }
        Ok(BoxKind::Value)
    }

    fn cast_strategy_of(&self, class: ClassPtr) -> LoadResult<CastStrategy> {
        if class == self.runtime.well_known_class(Wk::Object)? {
            return Ok(CastStrategy::Always);
        }
        let exact = match class.kind {
            ClassKind::Class => class.is_sealed() && !self.is_variant_delegate(class),
            ClassKind::ValueType | ClassKind::Enum => self.runtime.nullable_value(class).is_none(),
            ClassKind::SzArray => {
                let element = class.element.expect("arrays have elements");
                element.kind == ClassKind::Class && element.is_sealed() && element.args.is_none()
            }
            _ => false,
        };
        if exact {
            return Ok(CastStrategy::Exact);
        }
        if class.shared {
            // The place in the display is the same in all instances; that of a cache word is not,
            // nor is it known which kind of type a marker stands for.
            let offset = self.runtime.display_of(class)?;
            return Ok(match offset.filter(|_| class.def.is_some()) {
                Some(offset) => CastStrategy::Display { offset },
                None => CastStrategy::Helper,
            });
        }
        let vtable = self.domain.vtable(class)?;
        let offset = vtable.probe();
        Ok(if vtable.probe_is_cached() {
            CastStrategy::Cached { offset }
        } else {
            CastStrategy::Display { offset }
        })
    }

    /// A class of objects that is known in full: no array, box or shared form.
    fn plain_class(&self, class: TypeHandle) -> Option<ClassPtr> {
        let class = self.class(class).ok()?;
        (class.kind == ClassKind::Class && !class.shared).then_some(class)
    }

    fn is_variant_delegate(&self, class: ClassPtr) -> bool {
        class.args.is_some()
            && self
                .runtime
                .well_known_class(Wk::MulticastDelegate)
                .is_ok_and(|d| class.derives_from(d))
    }

    fn field_ref(
        &self,
        method: MethodHandle,
        token: Token,
        static_access: bool,
    ) -> LoadResult<FieldRef> {
        let caller = self.method(method)?;
        let field = match self.runtime_body(caller) {
            Some(body) => body.field_at(token)?,
            None => {
                let (_, image, context) = self.scope(method)?;
                self.runtime.resolve_field_token(image, token, context)?
            }
        };
        self.touch(field.class);
        let name = || format!("{:?}", field);
        self.runtime.check_field_access(caller, field)?;
        if field.class.open {
            return Err(LoadError::type_load(
                name(),
                format!("field {} is of an open generic type", name()),
            ));
        }
        if static_access && !field.is_static() {
            return Err(LoadError::new(
                LoadErrorKind::InvalidProgram,
                name(),
                format!("field {} is not static", name()),
            ));
        }
        if field.is_literal() {
            return Err(LoadError::new(
                LoadErrorKind::MissingField,
                name(),
                format!("constant {} has no storage", name()),
            ));
        }
        let place = if !field.is_static() {
            FieldPlace::Instance {
                offset: self.runtime.field_offset(field)?,
            }
        } else if field.thread_static {
            FieldPlace::ThreadStatic
        } else if field.has_rva() {
            FieldPlace::Rva
        } else {
            FieldPlace::Static
        };
        let class_init = if field.is_static() {
            self.needs_init(caller, field.class)?
        } else {
            None
        };
        Ok(FieldRef {
            field: FieldHandle(field.index),
            ty: type_handle(field.ty),
            place,
            class_init,
            in_value_type: field.class.is_value_type(),
        })
    }

    /// Whether the initialiser of a class has run, or there is none. It is not known to have run for all
    /// instances of shared code.
    fn is_initialized(&self, class: ClassPtr) -> LoadResult<bool> {
        if class.shared || self.runtime.options().precompiling {
            return Ok(self.runtime.class_initializer(class)?.is_none());
        }
        let done = self.domain.vtable(class)?.is_initialized();
        if done
            && let Some(recorder) = self.recorder
            && self.runtime.class_initializer(class)?.is_some()
        {
            recorder.assume(Assumption::Initialized(type_handle(class.ty)));
        }
        Ok(done)
    }

    /// The class whose initialiser a static access from `caller` must see done.
    fn needs_init(&self, caller: MethodPtr, class: ClassPtr) -> LoadResult<Option<TypeHandle>> {
        if self.is_initialized(class)? {
            return Ok(None);
        }
        // Methods that trigger the initialiser themselves have seen it run or are called by it.
        let precise = !class.flags.contains(TypeAttributes::BEFORE_FIELD_INIT);
        if caller.class == class
            && (caller.name == ".cctor"
                || (precise && (caller.is_static() || caller.name == ".ctor")))
        {
            return Ok(None);
        }
        Ok(Some(type_handle(class.ty)))
    }

    /// The body of a method made at run time.
    fn runtime_body(&self, method: MethodPtr) -> Option<std::sync::Arc<DynamicBody>> {
        (method.kind == MethodKind::Dynamic)
            .then(|| self.runtime.dynamic_body(method))
            .flatten()
    }

    /// The method that a token in a method's body names.
    pub(crate) fn method_of_token(
        &self,
        caller: MethodHandle,
        token: Token,
    ) -> LoadResult<MethodPtr> {
        if let Some(body) = self.runtime_body(self.method(caller)?) {
            return body.method_at(token);
        }
        let (_, image, context) = self.scope(caller)?;
        let method = self.runtime.resolve_method_token(image, token, context)?;
        self.touch(method.class);
        Ok(method)
    }

    fn type_of_token(&self, method: MethodHandle, token: Token) -> LoadResult<TypeId> {
        if let Some(body) = self.runtime_body(self.method(method)?) {
            return body.type_at(token);
        }
        let (_, image, context) = self.scope(method)?;
        self.runtime.resolve_type_token(image, token, context)
    }

    fn text_of_token(&self, method: MethodHandle, token: Token) -> LoadResult<Vec<u16>> {
        if let Some(body) = self.runtime_body(self.method(method)?) {
            return Ok(body.text_at(token)?.to_vec());
        }
        let (_, image, _) = self.scope(method)?;
        Ok(image.image().user_string(token)?.utf16().collect())
    }

    fn ld_token(&self, method: MethodHandle, token: Token) -> LoadResult<LdToken> {
        if let Some(body) = self.runtime_body(self.method(method)?) {
            return Ok(match body.any_at(token)? {
                DynamicRef::Type(ty) => LdToken::Type(type_handle(*ty)),
                DynamicRef::Field(field) => LdToken::Field(FieldHandle(field.index)),
                _ => LdToken::Method(method_handle(body.method_at(token)?)),
            });
        }
        let (_, image, context) = self.scope(method)?;
        let is_field_ref = || -> LoadResult<bool> {
            let row = image.image().member_ref(token.rid())?;
            Ok(image.image().blob(row.signature)?.first() == Some(&6))
        };
        Ok(match token.table() {
            Some(TableId::TypeDef | TableId::TypeRef | TableId::TypeSpec) => {
                let ty = self.runtime.resolve_type_token(image, token, context)?;
                self.runtime.class(ty)?;
                LdToken::Type(type_handle(ty))
            }
            Some(TableId::Field) => LdToken::Field(FieldHandle(
                self.runtime
                    .resolve_field_token(image, token, context)?
                    .index,
            )),
            Some(TableId::MemberRef) if is_field_ref()? => LdToken::Field(FieldHandle(
                self.runtime
                    .resolve_field_token(image, token, context)?
                    .index,
            )),
            _ => LdToken::Method(method_handle(
                self.runtime.resolve_method_token(image, token, context)?,
            )),
        })
    }

    fn calli(&self, method: MethodHandle, token: Token) -> LoadResult<CalliSig> {
        if self.method(method)?.kind == MethodKind::Dynamic {
            return Err(LoadError::new(
                LoadErrorKind::NotSupported,
                "",
                "calli in dynamic methods is not supported yet",
            ));
        }
        let (_, image, context) = self.scope(method)?;
        let row = image.image().stand_alone_sig(token.rid())?;
        let blob = image.image().blob(row.signature)?;
        let sig = self.runtime.read_method_sig(image, blob)?;
        if sig.vararg {
            return Err(LoadError::new(
                LoadErrorKind::NotSupported,
                "",
                "calli with a variable argument list is not supported yet",
            ));
        }
        let inflate = |t| self.runtime.universe().inflate(t, context);
        let params: Vec<_> = sig
            .params
            .iter()
            .map(|&p| inflate(p))
            .collect::<Result<_, _>>()?;
        let ret = inflate(sig.ret)?;
        if matches!(blob.first().map(|b| b & 0xf), Some(1..=4 | 9)) {
            let native = self.pointer_call(self.method(method)?, &params, ret)?;
            return Ok(CalliSig {
                sig: self.call_sig(native)?,
                native: Some(method_handle(native)),
            });
        }
        Ok(CalliSig {
            sig: CallSig {
                this: if sig.has_this { This::Ref } else { This::None },
                params: params.into_iter().map(type_handle).collect(),
                ret: type_handle(ret),
            },
            native: None,
        })
    }
}

impl CompilerHost for Host<'_> {
    fn barrier(&self) -> Option<WriteBarrier> {
        write_barrier(self.runtime.heap())
    }

    fn abi(&self) -> AbiConfig {
        let descriptor = self.runtime.heap().alloc_descriptor();
        AbiConfig {
            thread_pending: ThreadLayout::PENDING,
            thread_poll: ThreadLayout::POLL,
            thread_tlab_cursor: ThreadLayout::TLAB + descriptor.cursor_offset as i32,
            thread_tlab_limit: ThreadLayout::TLAB + descriptor.limit_offset as i32,
            thread_context: ThreadLayout::CONTEXT,
            imt_offset: IMT_OFFSET,
            imt_slots: IMT_SLOTS,
            element_test: Some(VTable::ELEMENT_TEST as i32),
            object_header: HEADER_SIZE,
            array_length: ArrayRef::LENGTH_OFFSET,
            vector_data: ArrayRef::VECTOR_DATA,
            string_length: StringRef::LENGTH_OFFSET,
            string_data: StringRef::CHARS_OFFSET,
        }
    }

    fn layout(&self, ty: TypeHandle) -> HostResult<TypeLayout> {
        self.answer(self.class(ty).and_then(|c| self.layout_of(c)))
    }

    fn box_kind(&self, ty: TypeHandle) -> HostResult<BoxKind> {
        self.answer(self.class(ty).and_then(|c| self.box_kind_of(c)))
    }

    fn cast_strategy(&self, ty: TypeHandle) -> HostResult<CastStrategy> {
        self.answer(self.class(ty).and_then(|c| self.cast_strategy_of(c)))
    }

    fn vtable_offset(&self, ty: TypeHandle) -> HostResult<u32> {
        self.answer(self.class(ty).and_then(|c| {
            if c.shared {
                return Ok(super::share::shared_offset(c));
            }
            Ok(self.runtime.vtable_offset(self.domain.vtable(c)?))
        }))
    }

    fn vector_of(&self, elem: TypeHandle) -> HostResult<TypeHandle> {
        self.answer(self.class(elem).and_then(|c| {
            if self.runtime.is_by_ref_like(c)? {
                let name = self.runtime.type_name(c.ty);
                return Err(LoadError::type_load(
                    name.clone(),
                    format!("Could not create array type '{name}[]'"),
                ));
            }
            let ty = self.runtime.universe().sz_array(c.ty)?;
            self.runtime.class(ty)?;
            Ok(type_handle(ty))
        }))
    }

    fn array_shape(&self, array: TypeHandle) -> HostResult<ArrayInfo> {
        self.answer(self.class(array).and_then(|c| match c.element {
            Some(element) if c.is_array() => Ok(ArrayInfo {
                elem: type_handle(element.ty),
                rank: c.rank,
                is_vector: c.kind == ClassKind::SzArray,
            }),
            _ => Err(LoadError::new(
                LoadErrorKind::InvalidProgram,
                self.runtime.type_name(c.ty),
                format!("'{}' is not an array type", self.runtime.type_name(c.ty)),
            )),
        }))
    }

    fn well_known(&self, which: WellKnownType) -> TypeHandle {
        let u = self.runtime.universe();
        let wk = match which {
            WellKnownType::Object => return type_handle(u.primitive(ElementType::Object)),
            WellKnownType::String => return type_handle(u.primitive(ElementType::String)),
            WellKnownType::Void => return type_handle(u.primitive(ElementType::Void)),
            WellKnownType::Int32 => return type_handle(u.primitive(ElementType::I4)),
            WellKnownType::IntPtr => return type_handle(u.primitive(ElementType::I)),
            WellKnownType::TypedReference => {
                return type_handle(u.primitive(ElementType::TypedByRef));
            }
            WellKnownType::RuntimeTypeHandle => Wk::RuntimeTypeHandle,
            WellKnownType::RuntimeMethodHandle => Wk::RuntimeMethodHandle,
            WellKnownType::RuntimeFieldHandle => Wk::RuntimeFieldHandle,
            WellKnownType::RuntimeArgumentHandle => Wk::RuntimeArgumentHandle,
        };
        // A corlib without these types fails at start; a later lookup cannot.
        self.runtime
            .well_known_class(wk)
            .map_or(type_handle(u.primitive(ElementType::I)), |c| {
                type_handle(c.ty)
            })
    }

    fn resolve_type(&self, method: MethodHandle, token: Token) -> HostResult<TypeHandle> {
        self.answer(self.type_of_token(method, token).and_then(|ty| {
            let class = self.runtime.class(ty)?;
            let checked = class.element.unwrap_or(class);
            if !checked.open && !self.runtime.is_corlib(checked.image) {
                self.runtime.check_complete(checked)?;
            }
            Ok(type_handle(ty))
        }))
    }

    fn resolve_field(
        &self,
        method: MethodHandle,
        token: Token,
        static_access: bool,
    ) -> HostResult<FieldRef> {
        self.answer(self.field_ref(method, token, static_access))
    }

    fn resolve_call(
        &self,
        method: MethodHandle,
        token: Token,
        kind: CallKind,
        constrained: Option<TypeHandle>,
    ) -> HostResult<CallSite> {
        self.answer(self.call_site(method, token, kind, constrained))
    }

    fn variable_args(
        &self,
        method: MethodHandle,
        token: Token,
    ) -> HostResult<Option<Vec<TypeHandle>>> {
        self.answer(self.variable_arg_types(method, token))
    }

    fn resolve_calli(&self, method: MethodHandle, token: Token) -> HostResult<CalliSig> {
        self.answer(self.calli(method, token))
    }

    fn resolve_string(&self, method: MethodHandle, token: Token) -> HostResult<StringHandle> {
        self.answer(self.text_of_token(method, token).map(|text| {
            // The compiler thread is not managed while it compiles.
            let cell = || self.domain.literal_cell(self.thread, &text);
            StringHandle(self.thread.managed(cell))
        }))
    }

    fn is_made(&self, string: StringHandle) -> bool {
        self.domain.literals.is_made(string.0)
    }

    fn resolve_token(&self, method: MethodHandle, token: Token) -> HostResult<LdToken> {
        self.answer(self.ld_token(method, token))
    }

    fn local_types(&self, method: MethodHandle, local_sig: Token) -> HostResult<Vec<LocalType>> {
        if let Some(body) = self.method(method).ok().and_then(|m| self.runtime_body(m)) {
            // Dynamic bodies do not say which locals are pinned.
            let local = |&ty| LocalType {
                ty: type_handle(ty),
                pinned: matches!(
                    self.runtime.universe().ty(ty),
                    ferrocil_generics::Type::ByRef(_)
                ),
            };
            return Ok(body.locals.iter().map(local).collect());
        }
        self.answer(self.scope(method).and_then(|(_, image, context)| {
            let row = image.image().stand_alone_sig(local_sig.rid())?;
            let types = self
                .runtime
                .read_locals(image, image.image().blob(row.signature)?)?;
            types
                .into_iter()
                .map(|local| {
                    let ty = self.runtime.universe().inflate(local.ty, context)?;
                    Ok(LocalType {
                        ty: type_handle(ty),
                        pinned: local.pinned,
                    })
                })
                .collect()
        }))
    }

    fn is_generic(&self, symbol: Symbol) -> bool {
        self.is_generic_symbol(symbol).unwrap_or(false)
    }

    fn scalar_owner(&self, field: FieldHandle) -> Option<Repr> {
        let class = self.field(field).ok()?.class;
        let repr = self.layout_of(class).ok()?.repr;
        (!matches!(repr, Repr::Struct | Repr::Ref | Repr::Void)).then_some(repr)
    }

    fn struct_fields(&self, ty: TypeHandle, most: usize) -> Option<Vec<(u32, Repr)>> {
        let class = self.class(ty).ok()?;
        let mut out = Vec::new();
        self.scalars_of(class, 0, most, &mut out)?;
        Some(out)
    }

    fn pointee(&self, by_ref: TypeHandle) -> Option<TypeHandle> {
        let class = self.class(by_ref).ok()?;
        let element = class.element?;
        (class.kind == ClassKind::ByRef).then(|| type_handle(element.ty))
    }

    fn is_vector(&self, ty: TypeHandle) -> bool {
        self.class(ty).is_ok_and(|c| c.kind == ClassKind::SzArray)
    }

    fn thrown_class(&self, kind: ThrowKind) -> Option<TypeHandle> {
        let name = kind_named(kind as u64)?;
        let class = self.runtime.corlib_class("System", name).ok()?;
        Some(type_handle(class.ty))
    }

    fn catches(&self, class: TypeHandle, clause: TypeHandle) -> Option<bool> {
        let class = self.class(class).ok()?;
        let clause = self.class(clause).ok()?;
        // Other objects may be wrapped when they are thrown.
        let exception = self.runtime.well_known_class(Wk::Exception).ok()?;
        let simple = clause.kind == ClassKind::Class && clause.args.is_none();
        let known = simple && !clause.shared && !class.shared && class.derives_from(exception);
        known.then(|| class.derives_from(clause))
    }

    fn exact_callee(&self, class: TypeHandle, method: MethodHandle) -> Option<MethodHandle> {
        let class = self.plain_class(class)?;
        let method = self.method(method).ok()?;
        if method.class.shared || method.args.is_some() {
            return None;
        }
        let found = self.runtime.find_implementation(class, method).ok()?;
        let known = found.class.kind == ClassKind::Class
            && !found.class.shared
            && matches!(found.kind, MethodKind::Defined)
            && !found.is_abstract()
            && super::intrinsics::find(self.runtime, found).is_none();
        self.touch(found.class);
        known.then(|| method_handle(found))
    }

    fn exact_cast(&self, class: TypeHandle, to: TypeHandle) -> Option<bool> {
        let class = self.plain_class(class)?;
        let to = self.class(to).ok()?;
        let plain = matches!(to.kind, ClassKind::Class | ClassKind::Interface) && !to.shared;
        plain
            .then(|| is_assignable(self.runtime, class, to).ok())
            .flatten()
    }

    fn preserved_poll(&self) -> bool {
        true
    }

    fn inline_alloc(&self, class: TypeHandle) -> Option<u32> {
        let vtable = self.domain.vtable(self.class(class).ok()?).ok()?;
        let most = self.runtime.heap().alloc_descriptor().max_inline_size;
        let size = vtable.base_size;
        (!vtable.has_finalizer && size <= most).then_some(size)
    }

    fn inline_vector(&self, _array: TypeHandle) -> Option<u32> {
        Some(self.runtime.heap().alloc_descriptor().max_inline_size)
    }

    fn inline_body(&self, method: MethodHandle) -> Option<IlBody<'_>> {
        let method = self.method(method).ok()?;
        let refused = MethodImplAttributes::NO_INLINING | MethodImplAttributes::SYNCHRONIZED;
        let triggers = (method.is_static() || method.name == ".ctor")
            && !method
                .class
                .flags
                .contains(TypeAttributes::BEFORE_FIELD_INIT)
            && !self.is_initialized(method.class).ok()?;
        if triggers
            || method.impl_flags.intersects(refused)
            || method.is_internal_call()
            || method.is_pinvoke()
            || method.is_runtime()
            || method.is_abstract()
            || method.class.open
            || method.generic_definition
            || !matches!(method.kind, MethodKind::Defined)
        {
            return None;
        }
        let image = self.runtime.image(method.def.image)?.image();
        let row = image.method_def(method.def.rid).ok()?;
        if row.rva == 0 {
            return None;
        }
        let body = image.method_body(row.rva).ok()?;
        if body.clauses().next().is_some() {
            return None;
        }
        Some(IlBody {
            code: body.code,
            max_stack: body.max_stack,
            init_locals: body.init_locals,
            local_sig: body.local_sig,
            clauses: &[],
        })
    }

    fn keeps_this(&self, method: MethodHandle) -> bool {
        self.method(method).is_ok_and(|method| {
            !method.is_static() && matches!(self.runtime.finalizer(method.class), Ok(Some(_)))
        })
    }

    fn invalid_program(&self, method: MethodHandle, il_offset: u32, message: &str) -> ResolveError {
        let name = self
            .method(method)
            .map(|m| self.runtime.method_name(m))
            .unwrap_or_default();
        self.defer(LoadError::new(
            LoadErrorKind::InvalidProgram,
            name.clone(),
            format!("Invalid IL code in {name}: IL_{il_offset:04x}: {message}"),
        ))
    }
}
