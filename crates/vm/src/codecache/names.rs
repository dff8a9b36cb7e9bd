//! Names of types, methods, fields and strings that hold in every process.
//!
//! A record of the cache has one [`Names`] table; its code names things by their positions in it.
//! [`Namer`] makes the table from the handles of this process, [`Bound`] is the table's meaning
//! in another one.

use std::convert::Infallible;

use ferrocil_generics::{FnSig, ImageId, MethodDef, Type, TypeDef, TypeId};
use ferrocil_jit::HandleMap;
use ferrocil_jit::host::{DeferredError, FieldHandle, MethodHandle, StringHandle, TypeHandle};
use ferrocil_metadata::{ElementType, TableId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::domain::VTablePtr;
use crate::exec::{Host, shared_offset, shared_type_of};
use crate::loader::LoadedImage;
use crate::runtime::Runtime;
use crate::types::{ArrayMethod, FieldPtr, MethodKind, MethodPtr};

/// An image, and how to find it when it is not loaded yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ImageName {
    /// Module version and file (see `LoadedImage::identity`).
    identity: [u8; 32],
    /// Position of an earlier image and the AssemblyRef row in it that names this one.
    via: Option<(u32, u32)>,
}

/// A type; numbers are positions of earlier entries.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum TypeName {
    Primitive(u8),
    Def {
        image: u32,
        rid: u32,
    },
    Inst {
        image: u32,
        rid: u32,
        args: Vec<u32>,
    },
    SzArray(u32),
    Array {
        elem: u32,
        rank: u8,
    },
    Pointer(u32),
    ByRef(u32),
    FnPtr {
        convention: u8,
        ret: u32,
        params: Vec<u32>,
        sentinel: Option<u32>,
    },
}

/// A method of a type.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum MethodName {
    Defined {
        owner: u32,
        image: u32,
        rid: u32,
        args: Option<Vec<u32>>,
    },
    Array {
        owner: u32,
        kind: u8,
    },
}

/// A field of a type.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct FieldName {
    owner: u32,
    rid: u32,
}

/// Everything that a record names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Names {
    pub(super) images: Vec<ImageName>,
    types: Vec<TypeName>,
    methods: Vec<MethodName>,
    fields: Vec<FieldName>,
    strings: Vec<Vec<u16>>,
}

const ARRAY_METHODS: [ArrayMethod; 5] = [
    ArrayMethod::New,
    ArrayMethod::NewWithBounds,
    ArrayMethod::Get,
    ArrayMethod::Set,
    ArrayMethod::Address,
];

/// Something has no name outside this process, or does not exist in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Nameless;

impl From<Infallible> for Nameless {
    fn from(never: Infallible) -> Nameless {
        match never {}
    }
}

/// Makes a [`Names`] table.
pub(super) struct Namer<'r> {
    runtime: &'r Runtime,
    names: Names,
    images: Vec<ImageId>,
    types: FxHashMap<TypeId, u32>,
    methods: FxHashMap<MethodPtr, u32>,
    fields: FxHashMap<FieldPtr, u32>,
    strings: FxHashMap<StringHandle, u32>,
    /// Texts of string handles.
    text: &'r dyn Fn(StringHandle) -> Option<Vec<u16>>,
}

fn position<T>(list: &[T]) -> u32 {
    list.len() as u32 - 1
}

impl<'r> Namer<'r> {
    pub(super) fn new(
        runtime: &'r Runtime,
        text: &'r dyn Fn(StringHandle) -> Option<Vec<u16>>,
    ) -> Namer<'r> {
        Namer {
            runtime,
            names: Names::default(),
            images: Vec::new(),
            types: FxHashMap::default(),
            methods: FxHashMap::default(),
            fields: FxHashMap::default(),
            strings: FxHashMap::default(),
            text,
        }
    }

    /// The images named so far, in the table's order.
    pub(super) fn images(&self) -> &[ImageId] {
        &self.images
    }

    /// The table as it is.
    pub(super) fn into_plain(self) -> Names {
        self.names
    }

    /// The table, with a way to load each image that has one.
    pub(super) fn finish(mut self) -> Names {
        for i in 1..self.images.len() {
            self.names.images[i].via = self.reference_to(i);
        }
        self.names
    }

    fn reference_to(&self, wanted: usize) -> Option<(u32, u32)> {
        let target = self.images[wanted];
        for (from, &id) in self.images[..wanted].iter().enumerate() {
            let image = self.runtime.image(id)?;
            for rid in 1..=image.image().row_count(TableId::AssemblyRef) {
                if image.cached_assembly_ref(rid) == Some(target) {
                    return Some((from as u32, rid));
                }
            }
        }
        None
    }

    pub(super) fn image(&mut self, image: ImageId) -> Result<u32, Nameless> {
        if let Some(found) = self.images.iter().position(|&i| i == image) {
            return Ok(found as u32);
        }
        let identity = self
            .runtime
            .image(image)
            .and_then(LoadedImage::identity)
            .ok_or(Nameless)?;
        self.names.images.push(ImageName {
            identity,
            via: None,
        });
        self.images.push(image);
        Ok(position(&self.images))
    }

    fn types_of(&mut self, list: &[TypeId]) -> Result<Vec<u32>, Nameless> {
        list.iter().map(|&t| self.type_id(t)).collect()
    }

    pub(super) fn type_id(&mut self, ty: TypeId) -> Result<u32, Nameless> {
        if let Some(&found) = self.types.get(&ty) {
            return Ok(found);
        }
        let universe = self.runtime.universe();
        let name = match universe.ty(ty) {
            Type::Primitive(element) => TypeName::Primitive(element as u8),
            Type::Def(def) => TypeName::Def {
                image: self.image(def.image)?,
                rid: def.rid,
            },
            Type::Inst { def, args } => TypeName::Inst {
                image: self.image(def.image)?,
                rid: def.rid,
                args: self.types_of(universe.args(args))?,
            },
            Type::SzArray(elem) => TypeName::SzArray(self.type_id(elem)?),
            Type::Array { elem, rank } => TypeName::Array {
                elem: self.type_id(elem)?,
                rank,
            },
            Type::Pointer(target) => TypeName::Pointer(self.type_id(target)?),
            Type::ByRef(target) => TypeName::ByRef(self.type_id(target)?),
            Type::FnPtr(sig) => TypeName::FnPtr {
                convention: sig.convention,
                ret: self.type_id(sig.ret)?,
                params: self.types_of(sig.params)?,
                sentinel: sig.sentinel,
            },
            Type::Var { .. } | Type::MVar { .. } => return Err(Nameless),
        };
        self.names.types.push(name);
        let at = position(&self.names.types);
        self.types.insert(ty, at);
        Ok(at)
    }

    pub(super) fn method_ptr(&mut self, method: MethodPtr) -> Result<u32, Nameless> {
        if let Some(&found) = self.methods.get(&method) {
            return Ok(found);
        }
        let owner = self.type_id(method.class.ty)?;
        let name = match method.kind {
            MethodKind::Defined => MethodName::Defined {
                owner,
                image: self.image(method.def.image)?,
                rid: method.def.rid,
                args: match method.args {
                    Some(args) => Some(self.types_of(self.runtime.universe().args(args))?),
                    None => None,
                },
            },
            MethodKind::Array(kind) => MethodName::Array {
                owner,
                kind: ARRAY_METHODS
                    .iter()
                    .position(|&k| k == kind)
                    .ok_or(Nameless)? as u8,
            },
            MethodKind::Dynamic => return Err(Nameless),
        };
        self.names.methods.push(name);
        let at = position(&self.names.methods);
        self.methods.insert(method, at);
        Ok(at)
    }
}

impl HandleMap for Namer<'_> {
    type Error = Nameless;

    fn ty(&mut self, ty: TypeHandle) -> Result<TypeHandle, Nameless> {
        let id = TypeId::from_raw(ty.0).ok_or(Nameless)?;
        self.type_id(id).map(TypeHandle)
    }

    fn method(&mut self, method: MethodHandle) -> Result<MethodHandle, Nameless> {
        let found = ferrocil_generics::MethodId::from_raw(method.0)
            .and_then(|id| self.runtime.method_if_loaded(id))
            .ok_or(Nameless)?;
        self.method_ptr(found).map(MethodHandle)
    }

    fn field(&mut self, field: FieldHandle) -> Result<FieldHandle, Nameless> {
        let found = self.runtime.field_by_index(field.0).ok_or(Nameless)?;
        if let Some(&known) = self.fields.get(&found) {
            return Ok(FieldHandle(known));
        }
        let owner = self.type_id(found.class.ty)?;
        self.names.fields.push(FieldName {
            owner,
            rid: found.rid,
        });
        let at = position(&self.names.fields);
        self.fields.insert(found, at);
        Ok(FieldHandle(at))
    }

    fn string(&mut self, string: StringHandle) -> Result<StringHandle, Nameless> {
        if let Some(&known) = self.strings.get(&string) {
            return Ok(StringHandle(known));
        }
        let text = (self.text)(string).ok_or(Nameless)?;
        self.names.strings.push(text);
        let at = position(&self.names.strings);
        self.strings.insert(string, at);
        Ok(StringHandle(at))
    }

    fn vtable_offset(&mut self, offset: u32) -> Result<u32, Nameless> {
        if let Some(shared) = shared_type_of(offset) {
            return self.ty(shared).map(|t| t.0);
        }
        let address = self.runtime.arena().base() + offset as usize;
        // SAFETY: compiled code holds offsets of vtables that exist, and vtables stay.
        let vtable = unsafe { VTablePtr::from_address(address) };
        self.type_id(vtable.class.ty)
    }

    fn native_thunk(&mut self, _thunk: u32) -> Result<u32, Nameless> {
        // A stub has one thunk; who loads the stub says which.
        Ok(0)
    }

    fn deferred(&mut self, _error: DeferredError) -> Result<DeferredError, Nameless> {
        Err(Nameless)
    }
}

/// A [`Names`] table with everything found, or loaded.
pub(super) struct Bound<'h> {
    host: &'h Host<'h>,
    types: Vec<TypeId>,
    methods: Vec<MethodPtr>,
    fields: Vec<FieldPtr>,
    strings: Vec<u32>,
    /// What [`ferrocil_jit::host::Symbol::NativeThunk`] stands for.
    pub(super) thunk: u32,
}

impl<'h> Bound<'h> {
    /// Looks up every image of the table.
    pub(super) fn images(host: &Host<'_>, names: &Names) -> Result<Vec<ImageId>, Nameless> {
        let mut images = Vec::with_capacity(names.images.len());
        for name in &names.images {
            images.push(image_of(host.runtime, name, &images)?);
        }
        Ok(images)
    }

    /// Looks up everything else.
    pub(super) fn new(
        host: &'h Host<'h>,
        names: &Names,
        images: &[ImageId],
    ) -> Result<Bound<'h>, Nameless> {
        let mut bound = Bound {
            host,
            types: Vec::with_capacity(names.types.len()),
            methods: Vec::with_capacity(names.methods.len()),
            fields: Vec::with_capacity(names.fields.len()),
            strings: Vec::with_capacity(names.strings.len()),
            thunk: 0,
        };
        for name in &names.types {
            let ty = bound.find_type(name, images)?;
            host.runtime.class(ty).map_err(|_| Nameless)?;
            bound.types.push(ty);
        }
        for name in &names.methods {
            bound.methods.push(bound.find_method(name, images)?);
        }
        for name in &names.fields {
            bound.fields.push(bound.find_field(name)?);
        }
        for text in &names.strings {
            let cell = host.domain.intern_cell(host.thread, text).map_err(|_| {
                host.thread.take_pending();
                Nameless
            })?;
            bound.strings.push(cell);
        }
        Ok(bound)
    }

    fn type_at(&self, at: u32) -> Result<TypeId, Nameless> {
        self.types.get(at as usize).copied().ok_or(Nameless)
    }

    fn types_at(&self, list: &[u32]) -> Result<Vec<TypeId>, Nameless> {
        list.iter().map(|&t| self.type_at(t)).collect()
    }

    fn find_type(&self, name: &TypeName, images: &[ImageId]) -> Result<TypeId, Nameless> {
        let universe = self.host.runtime.universe();
        let image = |at: u32| images.get(at as usize).copied().ok_or(Nameless);
        let found = match name {
            TypeName::Primitive(element) => {
                universe.try_primitive(ElementType::from_u8(*element).ok_or(Nameless)?)
            }
            &TypeName::Def { image: i, rid } => universe.try_def(TypeDef {
                image: image(i)?,
                rid,
            }),
            TypeName::Inst {
                image: i,
                rid,
                args,
            } => universe.inst(
                TypeDef {
                    image: image(*i)?,
                    rid: *rid,
                },
                &self.types_at(args)?,
            ),
            &TypeName::SzArray(elem) => universe.sz_array(self.type_at(elem)?),
            &TypeName::Array { elem, rank } => universe.array(self.type_at(elem)?, rank),
            &TypeName::Pointer(target) => universe.pointer(self.type_at(target)?),
            &TypeName::ByRef(target) => universe.by_ref(self.type_at(target)?),
            TypeName::FnPtr {
                convention,
                ret,
                params,
                sentinel,
            } => universe.fn_ptr(&FnSig {
                convention: *convention,
                ret: self.type_at(*ret)?,
                params: &self.types_at(params)?,
                sentinel: *sentinel,
            }),
        };
        found.map_err(|_| Nameless)
    }

    fn find_method(&self, name: &MethodName, images: &[ImageId]) -> Result<MethodPtr, Nameless> {
        let runtime = self.host.runtime;
        let class = |owner| runtime.class(self.type_at(owner)?).map_err(|_| Nameless);
        let found = match name {
            MethodName::Defined {
                owner,
                image,
                rid,
                args,
            } => {
                let args = match args {
                    Some(args) => {
                        let list = self.types_at(args)?;
                        Some(runtime.universe().inst_of(&list).map_err(|_| Nameless)?)
                    }
                    None => None,
                };
                let image = images.get(*image as usize).copied().ok_or(Nameless)?;
                runtime.method(class(*owner)?, MethodDef { image, rid: *rid }, args)
            }
            MethodName::Array { owner, kind } => {
                let kind = *ARRAY_METHODS.get(*kind as usize).ok_or(Nameless)?;
                runtime.array_method(class(*owner)?, kind)
            }
        };
        found.map_err(|_| Nameless)
    }

    fn find_field(&self, name: &FieldName) -> Result<FieldPtr, Nameless> {
        let runtime = self.host.runtime;
        let class = runtime
            .class(self.type_at(name.owner)?)
            .map_err(|_| Nameless)?;
        let fields = runtime.fields(class).map_err(|_| Nameless)?;
        let field = fields.iter().find(|f| f.rid == name.rid);
        field.map(FieldPtr::new).ok_or(Nameless)
    }
}

/// The loaded image with this name; loads it as the code that was compiled would have.
fn image_of(runtime: &Runtime, name: &ImageName, known: &[ImageId]) -> Result<ImageId, Nameless> {
    let same = |image: &&LoadedImage| image.identity() == Some(name.identity);
    if let Some(found) = runtime.images().iter().find(same) {
        return Ok(found.id);
    }
    let (from, rid) = name.via.ok_or(Nameless)?;
    let from = known.get(from as usize).ok_or(Nameless)?;
    let from = runtime.image(*from).ok_or(Nameless)?;
    let found = runtime.resolve_assembly_ref(from, rid).ok();
    found.filter(same).map(|i| i.id).ok_or(Nameless)
}

impl HandleMap for Bound<'_> {
    type Error = Nameless;

    fn ty(&mut self, ty: TypeHandle) -> Result<TypeHandle, Nameless> {
        self.type_at(ty.0).map(|t| TypeHandle(t.raw()))
    }

    fn method(&mut self, method: MethodHandle) -> Result<MethodHandle, Nameless> {
        let found = self.methods.get(method.0 as usize).ok_or(Nameless)?;
        Ok(MethodHandle(found.id.raw()))
    }

    fn field(&mut self, field: FieldHandle) -> Result<FieldHandle, Nameless> {
        let found = self.fields.get(field.0 as usize).ok_or(Nameless)?;
        Ok(FieldHandle(found.index))
    }

    fn string(&mut self, string: StringHandle) -> Result<StringHandle, Nameless> {
        let found = self.strings.get(string.0 as usize).ok_or(Nameless)?;
        Ok(StringHandle(*found))
    }

    fn vtable_offset(&mut self, ty: u32) -> Result<u32, Nameless> {
        let runtime = self.host.runtime;
        let class = runtime.class(self.type_at(ty)?).map_err(|_| Nameless)?;
        if class.shared {
            return Ok(shared_offset(class));
        }
        let vtable = self.host.domain.vtable(class).map_err(|_| Nameless)?;
        Ok(runtime.vtable_offset(vtable))
    }

    fn native_thunk(&mut self, _thunk: u32) -> Result<u32, Nameless> {
        Ok(self.thunk)
    }

    fn deferred(&mut self, _error: DeferredError) -> Result<DeferredError, Nameless> {
        Err(Nameless)
    }
}
