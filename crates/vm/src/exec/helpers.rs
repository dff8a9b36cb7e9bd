//! Addresses of the helpers that compiled code calls.

use ferrocil_codeman::CodeManager;
use ferrocil_jit::host::{Helper, WriteBarrier};
use rustc_hash::FxHashMap;

use super::runtime_helpers as rt;
use crate::error::LoadResult;
use crate::stubs::{asm, emit, fast};
use crate::unwind::entry;

/// Near entries of all helpers.
#[derive(Debug)]
pub struct Helpers {
    table: FxHashMap<Helper, usize>,
    prestub: usize,
    delegate_closed: usize,
}

impl Helpers {
    /// Emits the entries into the global code manager. `barrier`: the heap's, if it has one.
    pub(crate) fn install(
        code: &CodeManager,
        barrier: Option<WriteBarrier>,
    ) -> LoadResult<Helpers> {
        let mut table = FxHashMap::default();
        // Raising stubs find their frame themselves and are reached directly.
        let raising: [(Helper, usize); 7] = [
            (Helper::Throw, asm::throw as *const () as usize),
            (Helper::Rethrow, asm::rethrow as *const () as usize),
            (
                Helper::RaisePending,
                asm::raise_pending as *const () as usize,
            ),
            (
                Helper::ResumeUnwind,
                asm::resume_unwind as *const () as usize,
            ),
            (Helper::ThrowKind, asm::throw_kind as *const () as usize),
            (
                Helper::ThrowDeferred,
                asm::throw_deferred as *const () as usize,
            ),
            (
                Helper::ThrowInvalidCast,
                asm::throw_invalid_cast as *const () as usize,
            ),
        ];
        for (helper, target) in raising {
            table.insert(helper, code.install(&emit::far_jump(target), 16)?.address);
        }
        // The others note the caller's frame first.
        let native: &[(Helper, usize)] = &[
            (Helper::AllocObject, rt::alloc_object as *const () as usize),
            (Helper::AllocVector, rt::alloc_vector as *const () as usize),
            (Helper::AllocArray, rt::alloc_array as *const () as usize),
            (Helper::IsInst, rt::is_inst as *const () as usize),
            (Helper::CastClass, rt::cast_class as *const () as usize),
            (
                Helper::StoreElemRef,
                rt::store_elem_ref as *const () as usize,
            ),
            (
                Helper::CheckArrayStore,
                rt::check_array_store as *const () as usize,
            ),
            (
                Helper::CheckElemAddress,
                rt::check_elem_address as *const () as usize,
            ),
            (
                Helper::ResolveInterface,
                rt::resolve_interface as *const () as usize,
            ),
            (
                Helper::ResolveVirtual,
                rt::resolve_virtual as *const () as usize,
            ),
            (Helper::CatchKind, entry::catch_kind as *const () as usize),
            (
                Helper::CatchThrown,
                entry::catch_thrown as *const () as usize,
            ),
            (Helper::ClassInit, rt::class_init as *const () as usize),
            (
                Helper::ThreadStaticAddress,
                rt::thread_static_address as *const () as usize,
            ),
            (Helper::NewDelegate, rt::new_delegate as *const () as usize),
            (Helper::MakeLiteral, rt::make_literal as *const () as usize),
            (
                Helper::MonitorEnter,
                rt::monitor_enter as *const () as usize,
            ),
            (
                Helper::MonitorEnterTaken,
                rt::monitor_enter_taken as *const () as usize,
            ),
            (Helper::MonitorExit, rt::monitor_exit as *const () as usize),
            (Helper::Poll, rt::poll as *const () as usize),
            (Helper::Localloc, rt::localloc as *const () as usize),
            (
                Helper::LocallocMark,
                rt::localloc_mark as *const () as usize,
            ),
            (
                Helper::LocallocRelease,
                rt::localloc_release as *const () as usize,
            ),
            (Helper::FloatRem, rt::float_rem as *const () as usize),
            (Helper::FloatToU64, rt::float_to_u64 as *const () as usize),
            (
                Helper::CopyWithBarrier,
                rt::copy_with_barrier as *const () as usize,
            ),
            (
                Helper::TypeFromToken,
                rt::type_from_token as *const () as usize,
            ),
            (Helper::Unbox, rt::unbox as *const () as usize),
            (
                Helper::CheckTypedReference,
                rt::check_typed_reference as *const () as usize,
            ),
            (Helper::MemCopy, rt::mem_copy as *const () as usize),
            (Helper::MemFill, rt::mem_fill as *const () as usize),
        ];
        for &(helper, target) in native {
            let thunk = emit::native_thunk(target, 0);
            let entry = match helper {
                Helper::ResolveInterface | Helper::ResolveVirtual => fast::resolve(&thunk),
                Helper::ThreadStaticAddress => fast::thread_static(&thunk),
                Helper::MonitorEnter => fast::monitor_enter(&thunk),
                Helper::MonitorEnterTaken => fast::monitor_enter_taken(&thunk),
                Helper::MonitorExit => fast::monitor_exit(&thunk),
                _ => thunk,
            };
            table.insert(helper, code.install(&entry, 16)?.address);
        }
        table.insert(
            Helper::PollPreserved,
            code.install(&emit::preserved_poll(rt::poll as *const () as usize), 16)?
                .address,
        );
        if let Some(barrier) = barrier {
            table.insert(
                Helper::WriteBarrier,
                code.install(&barrier.stub(), 16)?.address,
            );
        }
        Ok(Helpers {
            table,
            prestub: code
                .install(&emit::far_jump(asm::prestub as *const () as usize), 16)?
                .address,
            delegate_closed: code
                .install(
                    &emit::delegate_closed(crate::delegates::METHOD_PTR, crate::delegates::TARGET),
                    16,
                )?
                .address,
        })
    }

    /// Near entry of a helper.
    #[must_use]
    pub fn address(&self, helper: Helper) -> usize {
        *self.table.get(&helper).expect("every helper is installed")
    }

    /// Near jump to the prestub.
    #[must_use]
    pub fn prestub(&self) -> usize {
        self.prestub
    }

    /// Shared entry of delegates with a closed instance target.
    #[must_use]
    pub fn delegate_closed(&self) -> usize {
        self.delegate_closed
    }
}
