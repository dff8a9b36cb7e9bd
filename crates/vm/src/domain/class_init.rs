//! Class initialisers (ECMA-335 II.10.5.3).

use super::{Domain, DomainRoot, VTablePtr};
use crate::icall::Thrown;
use crate::object::ObjRef;
use crate::threads::Thread;
use crate::types::ClassPtr;
use crate::wellknown::Wk;

/// An initialiser that has started.
#[derive(Debug)]
pub struct InitRecord {
    /// Thread that runs it.
    thread: u32,
    /// What it threw, wrapped in TypeInitializationException; null while it runs.
    exception: ObjRef,
    failed: bool,
}

impl InitRecord {
    pub(crate) fn exception(&self) -> ObjRef {
        self.exception
    }
}

enum Turn {
    Run,
    Skip,
    Failed(ObjRef),
}

impl Domain {
    /// Runs the class initialiser unless it has run; waits for another thread that runs it,
    /// but not for itself nor in a ring of threads (II.10.5.3.3).
    ///
    /// # Errors
    /// TypeInitializationException when the initialiser threw, now or earlier.
    pub fn initialize_class(&self, thread: &Thread, vtable: VTablePtr) -> Result<(), Thrown> {
        if vtable.is_initialized() {
            return Ok(());
        }
        let class = vtable.class;
        let turn = thread.blocking(|| self.take_turn(thread, class, vtable));
        match turn {
            Turn::Skip => return Ok(()),
            Turn::Failed(exception) => return Err(thread.throw_object(exception)),
            Turn::Run => {}
        }
        let runtime = self.runtime();
        let result = match runtime.class_initializer(class) {
            Ok(Some(method)) => thread.invoke(method, None, &[]).map(|_| ()),
            Ok(None) => Ok(()),
            Err(e) => Err(thread.throw_load_error(&e)),
        };
        let outcome = match result {
            Ok(()) => {
                vtable.set_initialized();
                self.init.lock().remove(&class);
                Ok(())
            }
            Err(_) => {
                let inner = thread.take_pending();
                let wrapped = thread.wrap_type_initialization(class, inner);
                if self.is_exhaustion(inner) {
                    // The class is not broken, there was no memory: the next use tries again.
                    self.init.lock().remove(&class);
                } else if let Some(record) = self.init.lock().get_mut(&class) {
                    record.exception = wrapped;
                    record.failed = true;
                }
                Err(thread.throw_object(wrapped))
            }
        };
        self.init_done.notify_all();
        outcome
    }

    /// Whether an exception is, or was caused by, the one that the runtime throws when the heap is
    /// at its limit. A program's own OutOfMemoryException is not.
    fn is_exhaustion(&self, exception: ObjRef) -> bool {
        let exhausted = self.root(DomainRoot::OutOfMemory);
        let runtime = self.runtime();
        let (Some(offsets), Ok(base)) = (
            runtime.exception_offsets(),
            runtime.well_known_class(Wk::Exception),
        ) else {
            return false;
        };
        let mut cause = exception;
        // Chains of causes are short; one that a program made into a ring ends too.
        for _ in 0..64 {
            if cause.is_null() || !runtime.class_of(cause).derives_from(base) {
                return false;
            }
            if cause == exhausted {
                return true;
            }
            cause = cause.read::<ObjRef>(offsets.inner);
        }
        false
    }

    fn take_turn(&self, thread: &Thread, class: ClassPtr, vtable: VTablePtr) -> Turn {
        let mut init = self.init.lock();
        loop {
            if vtable.is_initialized() {
                return Turn::Skip;
            }
            match init.get(&class) {
                None => {
                    init.insert(
                        class,
                        InitRecord {
                            thread: thread.id(),
                            exception: ObjRef::NULL,
                            failed: false,
                        },
                    );
                    return Turn::Run;
                }
                Some(record) if record.failed => return Turn::Failed(record.exception),
                Some(record) if record.thread == thread.id() => return Turn::Skip,
                Some(_) => {
                    // A ring of threads that wait for each other goes on after a while, as the
                    // standard asks of one of them: it sees the class as it is.
                    let timeout = std::time::Duration::from_secs(1);
                    if self.init_done.wait_for(&mut init, timeout).timed_out()
                        && self.runtime().init_ring(&init, thread)
                    {
                        return Turn::Skip;
                    }
                }
            }
        }
    }
}

impl crate::runtime::Runtime {
    /// Whether some initialiser is being run by this thread: only then can a wait be part of a ring.
    pub(crate) fn init_ring(
        &self,
        init: &rustc_hash::FxHashMap<ClassPtr, InitRecord>,
        thread: &Thread,
    ) -> bool {
        init.values().any(|r| r.thread == thread.id() && !r.failed)
    }
}
