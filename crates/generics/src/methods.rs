//! Canonical method instances.

use core::sync::atomic::AtomicUsize;

use crate::entry::MethodEntry;
use crate::error::Error;
use crate::ids::{InstId, MethodDef, MethodId, TypeId};
use crate::intern::Hasher;
use crate::types::{MethodInst, Type};
use crate::universe::Universe;

impl Universe {
    /// The method `def` of `declaring` with its own arguments (none for a method that is not generic, and for a
    /// generic method definition itself).
    ///
    /// For a method that is not generic of a type that is not, this is a look-up by row.
    ///
    /// # Errors
    /// A vacant image, type or argument; an argument that cannot be one; a limit.
    pub fn method(
        &self,
        declaring: TypeId,
        def: MethodDef,
        method_args: &[TypeId],
    ) -> Result<MethodId, Error> {
        let args = if method_args.is_empty() {
            None
        } else {
            Some(self.inst_of(method_args)?)
        };
        self.method_with(declaring, def, args)
    }

    /// As [`Universe::method`], over an argument list that exists.
    ///
    /// # Errors
    /// A vacant image, type or list; a limit.
    pub fn method_with(
        &self,
        declaring: TypeId,
        def: MethodDef,
        args: Option<InstId>,
    ) -> Result<MethodId, Error> {
        let image = self.image(def.image)?;
        let inst = MethodInst {
            declaring,
            def,
            args,
        };
        let plain = args.is_none();
        if plain && let Some(id) = image.methods.get(def.rid) {
            // The row table has one declaring type per row; another one (an instance) goes by hash.
            if self
                .methods
                .get(id)
                .is_some_and(|(entry, _)| entry.inst == inst)
            {
                return Ok(MethodId::of(id));
            }
        }
        let (declaring_entry, mut set) = self.type_entry(declaring)?;
        let mut flags = declaring_entry.shape.flags;
        let mut hash = Hasher::new(self.seed, 11)
            .word(u64::from(def.image.raw()) << 32 | u64::from(def.rid))
            .word(u64::from(declaring.raw()));
        set = self.union(set, image.own_set)?;
        if let Some(args) = args {
            let (args_entry, args_set) = self.inst_entry(args)?;
            set = self.union(set, args_set)?;
            flags |= args_entry.shape.flags;
            hash = hash.word(u64::from(args.raw()));
        }
        let hash = hash.finish();
        let set = self.set_data(set)?;
        let find = || {
            set.methods.find(hash, |id| {
                self.methods
                    .get(id)
                    .is_some_and(|(entry, _)| entry.inst == inst)
            })
        };
        if let Some(id) = find() {
            return Ok(MethodId::of(id));
        }
        let mut pages = set.pages.lock();
        if let Some(id) = find() {
            return Ok(MethodId::of(id));
        }
        let entry = MethodEntry {
            inst,
            flags,
            slot: AtomicUsize::new(0),
        };
        let id = self
            .methods
            .push(&mut pages.methods, set.id, &set.pool, entry)
            .ok_or(Error::IdsExhausted)?;
        set.methods.insert(hash, id);
        // Only what dies with the image may be in its row table.
        if plain && set.id == image.own_set && matches!(declaring_entry.kind, Type::Def(_)) {
            image.methods.claim(def.rid, id);
        }
        Ok(MethodId::of(id))
    }
}
