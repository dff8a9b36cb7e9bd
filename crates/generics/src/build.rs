//! Building types: each construction finds the canonical entry or makes it in the right set.

use core::sync::atomic::{AtomicU32, Ordering};

use smallvec::SmallVec;

use crate::entry::{InstEntry, Shape, TypeEntry};
use crate::error::{ElementRole, Error};
use crate::ids::{ImageId, ImageSetId, InstId, MethodDef, TypeDef, TypeId};
use crate::intern::Hasher;
use crate::set::SetData;
use crate::types::{FnSig, Type};
use crate::universe::{Universe, or_bug};
use ferrocil_metadata::ElementType;

/// Types derived from one other type, cached in its entry.
#[derive(Clone, Copy)]
enum Derived {
    SzArray,
    Pointer,
    ByRef,
}

impl Universe {
    /// The type of an element type that stands alone.
    ///
    /// # Panics
    /// When it does not stand alone (`Class`, `Ptr` …); see [`Universe::try_primitive`].
    #[inline]
    #[track_caller]
    pub fn primitive(&self, element: ElementType) -> TypeId {
        or_bug(self.try_primitive(element))
    }

    /// The type of an element type that stands alone.
    ///
    /// # Errors
    /// [`Error::NotPrimitive`].
    #[inline]
    pub fn try_primitive(&self, element: ElementType) -> Result<TypeId, Error> {
        let id = TypeId::of(crate::pages::PAGE_LEN + element as u32);
        match self.types.get(id.raw()) {
            Some((
                TypeEntry {
                    kind: Type::Primitive(found),
                    ..
                },
                _,
            )) if *found == element => Ok(id),
            _ => Err(Error::NotPrimitive(element as u8)),
        }
    }

    /// The type of a TypeDef row: a class or value type that is not generic, or an open definition.
    ///
    /// # Panics
    /// When the image is vacant, or no ids are left; see [`Universe::try_def`].
    #[inline]
    #[track_caller]
    pub fn def(&self, def: TypeDef) -> TypeId {
        or_bug(self.try_def(def))
    }

    /// The type of a TypeDef row.
    ///
    /// # Errors
    /// [`Error::VacantImage`], [`Error::IdsExhausted`].
    #[inline]
    pub fn try_def(&self, def: TypeDef) -> Result<TypeId, Error> {
        let image = self.image(def.image)?;
        if let Some(id) = image.types.get(def.rid) {
            return Ok(TypeId::of(id));
        }
        let id = self.intern_type(image.own_set, Type::Def(def), |_| Ok(Shape::LEAF))?;
        image.types.claim(def.rid, id.raw());
        Ok(id)
    }

    /// The generic instance of a definition. An empty list gives the definition itself.
    ///
    /// # Errors
    /// A vacant image or argument; an argument that cannot be one ([`Error::InvalidElement`]); a limit.
    pub fn inst(&self, def: TypeDef, args: &[TypeId]) -> Result<TypeId, Error> {
        if args.is_empty() {
            return self.try_def(def);
        }
        let args = self.inst_of(args)?;
        self.inst_with(def, args)
    }

    /// The generic instance of a definition over an argument list that exists.
    ///
    /// # Errors
    /// A vacant image or list; a limit.
    pub fn inst_with(&self, def: TypeDef, args: InstId) -> Result<TypeId, Error> {
        let (entry, args_set) = self.inst_entry(args)?;
        if entry.args.is_empty() {
            return self.try_def(def);
        }
        let set = self.union(self.image(def.image)?.own_set, args_set)?;
        self.intern_type(set, Type::Inst { def, args }, |_| Ok(entry.shape.wrapped()))
    }

    /// The instance of a definition over its own variables: `List<T>` as it is written inside `List<T>`.
    ///
    /// # Errors
    /// A vacant image; a limit.
    pub fn own_inst(&self, def: TypeDef, arity: u16) -> Result<TypeId, Error> {
        let mut vars: SmallVec<[TypeId; 8]> = SmallVec::new();
        for index in 0..arity {
            vars.push(self.try_var(def, index)?);
        }
        self.inst(def, &vars)
    }

    /// The canonical argument list.
    ///
    /// # Errors
    /// A vacant argument; an argument that cannot be one ([`Error::InvalidElement`]); a limit.
    #[inline]
    pub fn inst_of(&self, args: &[TypeId]) -> Result<InstId, Error> {
        let &[arg] = args else {
            return self.intern_inst(args);
        };
        let single = &self.type_entry(arg)?.0.single;
        if let Some(id) = InstId::from_raw(single.load(Ordering::Acquire)) {
            return Ok(id);
        }
        let id = self.intern_inst(args)?;
        single.store(id.raw(), Ordering::Release);
        Ok(id)
    }

    fn intern_inst(&self, args: &[TypeId]) -> Result<InstId, Error> {
        self.check_count(args.len())?;
        let mut hash = Hasher::new(self.seed, args.len() as u64);
        let mut set = self.corlib_set();
        for (at, &arg) in args.iter().enumerate() {
            let (_, arg_set) = self.type_entry(arg)?;
            set = if at == 0 {
                arg_set
            } else {
                self.union(set, arg_set)?
            };
            hash = hash.word(u64::from(arg.raw()));
        }
        let hash = hash.finish();
        let set = self.set_data(set)?;
        let find = || {
            set.insts
                .find(hash, |id| {
                    self.insts
                        .get(id)
                        .is_some_and(|(entry, _)| *entry.args == *args)
                })
                .map(InstId::of)
        };
        if let Some(id) = find() {
            return Ok(id);
        }
        let mut shape = Shape::NOTHING;
        for &arg in args {
            self.check_element(arg, ElementRole::TypeArgument)?;
            shape = shape.join(self.type_entry(arg)?.0.shape);
        }
        self.check_shape(shape)?;
        let mut pages = set.pages.lock();
        if let Some(id) = find() {
            return Ok(id);
        }
        let entry = InstEntry {
            args: copy_ids(set, args),
            shape,
        };
        let id = self
            .insts
            .push(&mut pages.insts, set.id, &set.pool, entry)
            .ok_or(Error::IdsExhausted)?;
        set.insts.insert(hash, id);
        Ok(InstId::of(id))
    }

    /// The vector of a type.
    ///
    /// # Errors
    /// A vacant element; a byref, `void` or typed reference as element; a limit.
    #[inline]
    pub fn sz_array(&self, elem: TypeId) -> Result<TypeId, Error> {
        self.derived(elem, Derived::SzArray)
    }

    /// The general array of a type. With rank 1 it is not the vector.
    ///
    /// # Errors
    /// As [`Universe::sz_array`], and [`Error::ZeroRank`].
    pub fn array(&self, elem: TypeId, rank: u8) -> Result<TypeId, Error> {
        if rank == 0 {
            return Err(Error::ZeroRank);
        }
        let (entry, set) = self.type_entry(elem)?;
        self.intern_type(set, Type::Array { elem, rank }, |universe| {
            universe.check_element(elem, ElementRole::ArrayElement)?;
            Ok(entry.shape.wrapped())
        })
    }

    /// The unmanaged pointer to a type (`void*` too).
    ///
    /// # Errors
    /// A vacant or byref target; a limit.
    #[inline]
    pub fn pointer(&self, target: TypeId) -> Result<TypeId, Error> {
        self.derived(target, Derived::Pointer)
    }

    /// The managed pointer to a type.
    ///
    /// # Errors
    /// A vacant, byref or `void` target; a limit.
    #[inline]
    pub fn by_ref(&self, target: TypeId) -> Result<TypeId, Error> {
        self.derived(target, Derived::ByRef)
    }

    /// The pointer to methods of a signature. Equal signatures give equal ids, so that a client may also use
    /// the ids to compare signatures.
    ///
    /// # Errors
    /// A vacant type; a limit.
    pub fn fn_ptr(&self, sig: &FnSig<'_>) -> Result<TypeId, Error> {
        self.check_count(sig.params.len())?;
        let (_, mut set) = self.type_entry(sig.ret)?;
        for &param in sig.params {
            set = self.union(set, self.type_entry(param)?.1)?;
        }
        self.intern_type(set, Type::FnPtr(sig), |universe| {
            let mut shape = universe.type_entry(sig.ret)?.0.shape;
            for &param in sig.params {
                shape = shape.join(universe.type_entry(param)?.0.shape);
            }
            Ok(shape.wrapped())
        })
    }

    /// Type parameter `!index` of a generic type.
    ///
    /// # Panics
    /// When the image is vacant, or no ids are left; see [`Universe::try_var`].
    #[track_caller]
    pub fn var(&self, owner: TypeDef, index: u16) -> TypeId {
        or_bug(self.try_var(owner, index))
    }

    /// Type parameter `!index` of a generic type.
    ///
    /// # Errors
    /// [`Error::VacantImage`], [`Error::IdsExhausted`].
    pub fn try_var(&self, owner: TypeDef, index: u16) -> Result<TypeId, Error> {
        let set = self.image(owner.image)?.own_set;
        self.intern_type(set, Type::Var { owner, index }, |_| {
            Ok(Shape::leaf(Shape::VAR))
        })
    }

    /// Type parameter `!!index` of a generic method.
    ///
    /// # Panics
    /// When the image is vacant, or no ids are left; see [`Universe::try_mvar`].
    #[track_caller]
    pub fn mvar(&self, owner: MethodDef, index: u16) -> TypeId {
        or_bug(self.try_mvar(owner, index))
    }

    /// Type parameter `!!index` of a generic method.
    ///
    /// # Errors
    /// [`Error::VacantImage`], [`Error::IdsExhausted`].
    pub fn try_mvar(&self, owner: MethodDef, index: u16) -> Result<TypeId, Error> {
        let set = self.image(owner.image)?.own_set;
        self.intern_type(set, Type::MVar { owner, index }, |_| {
            Ok(Shape::leaf(Shape::MVAR))
        })
    }

    /// The union of sets that were read from live entries.
    #[inline]
    pub(crate) fn union(&self, a: ImageSetId, b: ImageSetId) -> Result<ImageSetId, Error> {
        self.registry.union(a, b).ok_or(Error::IdsExhausted)
    }

    /// Finds a type in a set or makes it there. Inlined, because `kind` has a known variant at each call: hashing
    /// and comparing it are then a few instructions.
    #[inline(always)]
    fn intern_type(
        &self,
        set: ImageSetId,
        kind: Type<'_>,
        shape: impl FnOnce(&Self) -> Result<Shape, Error>,
    ) -> Result<TypeId, Error> {
        let set = self.set_data(set)?;
        let hash = hash_of(self.seed, &kind);
        match self.find_type(set, &kind, hash) {
            Some(id) => Ok(id),
            None => self.add_type(set, kind, hash, shape(self)?),
        }
    }

    #[inline(always)]
    fn find_type(&self, set: &SetData, kind: &Type<'_>, hash: u32) -> Option<TypeId> {
        set.types
            .find(hash, |id| {
                self.types
                    .get(id)
                    .is_some_and(|(entry, _)| same(&entry.kind, kind))
            })
            .map(TypeId::of)
    }

    #[cold]
    fn add_type(
        &self,
        set: &SetData,
        kind: Type<'_>,
        hash: u32,
        shape: Shape,
    ) -> Result<TypeId, Error> {
        self.check_shape(shape)?;
        let mut pages = set.pages.lock();
        if let Some(id) = self.find_type(set, &kind, hash) {
            return Ok(id);
        }
        let entry = TypeEntry::new(kept(set, kind), shape);
        let id = self
            .types
            .push(&mut pages.types, set.id, &set.pool, entry)
            .ok_or(Error::IdsExhausted)?;
        set.types.insert(hash, id);
        Ok(TypeId::of(id))
    }

    #[inline]
    fn derived(&self, from: TypeId, derived: Derived) -> Result<TypeId, Error> {
        let (entry, set) = self.type_entry(from)?;
        let cache = match derived {
            Derived::SzArray => &entry.sz_array,
            Derived::Pointer => &entry.pointer,
            Derived::ByRef => &entry.by_ref,
        };
        match TypeId::from_raw(cache.load(Ordering::Acquire)) {
            Some(id) => Ok(id),
            None => self.make_derived(from, derived, entry.shape, set, cache),
        }
    }

    #[cold]
    fn make_derived(
        &self,
        from: TypeId,
        derived: Derived,
        shape: Shape,
        set: ImageSetId,
        cache: &AtomicU32,
    ) -> Result<TypeId, Error> {
        let (role, kind) = match derived {
            Derived::SzArray => (ElementRole::ArrayElement, Type::SzArray(from)),
            Derived::Pointer => (ElementRole::PointerTarget, Type::Pointer(from)),
            Derived::ByRef => (ElementRole::ByRefTarget, Type::ByRef(from)),
        };
        self.check_element(from, role)?;
        let shape = shape.wrapped();
        self.check_shape(shape)?;
        let set = self.set_data(set)?;
        let mut pages = set.pages.lock();
        if let Some(id) = TypeId::from_raw(cache.load(Ordering::Acquire)) {
            return Ok(id);
        }
        let entry = TypeEntry::new(kept(set, kind), shape);
        let id = self
            .types
            .push(&mut pages.types, set.id, &set.pool, entry)
            .ok_or(Error::IdsExhausted)?;
        cache.store(id, Ordering::Release);
        Ok(TypeId::of(id))
    }

    /// ECMA-335 II.14.4.2 and II.9.4: byrefs point to no byref, are in no array and are no arguments.
    fn check_element(&self, ty: TypeId, role: ElementRole) -> Result<(), Error> {
        let allowed = match self.try_ty(ty)? {
            Type::ByRef(_) => false,
            Type::Primitive(ElementType::Void) => role == ElementRole::PointerTarget,
            Type::Primitive(ElementType::TypedByRef) => {
                matches!(role, ElementRole::PointerTarget | ElementRole::ByRefTarget)
            }
            _ => true,
        };
        if allowed {
            Ok(())
        } else {
            Err(Error::InvalidElement { ty, role })
        }
    }

    fn check_shape(&self, shape: Shape) -> Result<(), Error> {
        if shape.depth > self.limits.depth {
            return Err(Error::TooDeep {
                limit: self.limits.depth,
            });
        }
        if shape.nodes > self.limits.nodes {
            return Err(Error::TooLarge {
                limit: self.limits.nodes,
            });
        }
        Ok(())
    }

    fn check_count(&self, count: usize) -> Result<(), Error> {
        let limit = self.limits.arguments;
        if count > limit as usize {
            Err(Error::TooManyArguments { count, limit })
        } else {
            Ok(())
        }
    }
}

/// The type with its references in the set's pool.
fn kept(set: &SetData, kind: Type<'_>) -> Type<'static> {
    match kind {
        Type::Primitive(element) => Type::Primitive(element),
        Type::Def(def) => Type::Def(def),
        Type::Inst { def, args } => Type::Inst { def, args },
        Type::SzArray(elem) => Type::SzArray(elem),
        Type::Array { elem, rank } => Type::Array { elem, rank },
        Type::Pointer(target) => Type::Pointer(target),
        Type::ByRef(target) => Type::ByRef(target),
        Type::FnPtr(sig) => {
            let params = copy_ids(set, sig.params);
            let sig = FnSig {
                convention: sig.convention,
                ret: sig.ret,
                params,
                sentinel: sig.sentinel,
            };
            let sig: &FnSig<'static> = set.pool.alloc(sig);
            // SAFETY: the signature lies in the pool of the set that the entry goes to.
            Type::FnPtr(unsafe { as_long_as_pool(sig) })
        }
        Type::Var { owner, index } => Type::Var { owner, index },
        Type::MVar { owner, index } => Type::MVar { owner, index },
    }
}

/// The argument list in the set's pool, for a field of an entry of the set.
fn copy_ids(set: &SetData, ids: &[TypeId]) -> &'static [TypeId] {
    let copy: &[TypeId] = set.pool.alloc_slice_copy(ids);
    // SAFETY: the list lies in the set's pool.
    unsafe { as_long_as_pool(copy) }
}

/// Hides that a value lives in a set's pool.
///
/// # Safety
/// The result goes only to a field of an entry of the same set. Such an entry becomes vacant before the pool
/// is dropped, and references leave it with the lifetime of a borrow of the universe.
unsafe fn as_long_as_pool<T: ?Sized>(value: &T) -> &'static T {
    // SAFETY: as said above, the reference is used only while the pool lives.
    unsafe { &*core::ptr::from_ref(value) }
}

fn row(image: ImageId, rid: u32) -> u64 {
    u64::from(image.raw()) << 32 | u64::from(rid)
}

/// Equality, with the wanted type's variant tested first: it is known where this is inlined.
#[inline(always)]
fn same(found: &Type<'_>, wanted: &Type<'_>) -> bool {
    match *wanted {
        Type::Inst { def, args } => {
            matches!(*found, Type::Inst { def: d, args: a } if (d, a) == (def, args))
        }
        _ => found == wanted,
    }
}

#[inline(always)]
fn hash_of(seed: u64, kind: &Type<'_>) -> u32 {
    let start = |variant| Hasher::new(seed, variant);
    match *kind {
        Type::Primitive(element) => start(1).word(element as u64),
        Type::Def(def) => start(2).word(row(def.image, def.rid)),
        Type::Inst { def, args } => start(3)
            .word(row(def.image, def.rid))
            .word(u64::from(args.raw())),
        Type::SzArray(elem) => start(4).word(u64::from(elem.raw())),
        Type::Array { elem, rank } => start(5).word(u64::from(elem.raw()) << 8 | u64::from(rank)),
        Type::Pointer(target) => start(6).word(u64::from(target.raw())),
        Type::ByRef(target) => start(7).word(u64::from(target.raw())),
        Type::FnPtr(sig) => {
            let fixed = u64::from(sig.ret.raw()) << 8 | u64::from(sig.convention);
            let sentinel = sig.sentinel.map_or(0, |at| u64::from(at) + 1);
            sig.params
                .iter()
                .fold(start(8).word(fixed).word(sentinel), |hash, param| {
                    hash.word(u64::from(param.raw()))
                })
        }
        Type::Var { owner, index } => start(9)
            .word(row(owner.image, owner.rid))
            .word(u64::from(index)),
        Type::MVar { owner, index } => start(10)
            .word(row(owner.image, owner.rid))
            .word(u64::from(index)),
    }
    .finish()
}
