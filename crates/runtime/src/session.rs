//! Being attached for the length of one call.

use ferrocil_vm::{Attached, Domain, ObjRef, Runtime as Vm, StringRef, Thread, Thrown};

use crate::error::{Error, ManagedException};

/// The calling thread, attached for as long as this lives (or longer, if it was before).
pub(crate) struct Session<'r> {
    vm: &'r Vm,
    attached: Option<Attached<'r>>,
}

impl<'r> Session<'r> {
    pub(crate) fn new(vm: &'r Vm, domain: &Domain) -> Session<'r> {
        Session {
            vm,
            attached: vm.attach(domain),
        }
    }

    /// As [`Session::new`] for the thread that runs `Main`: it has the number 1, which the
    /// session that started the runtime had.
    pub(crate) fn main(vm: &'r Vm, domain: &Domain) -> Session<'r> {
        Session {
            vm,
            attached: vm.attach_as(domain, 1),
        }
    }

    pub(crate) fn thread(&self) -> &Thread {
        match &self.attached {
            Some(thread) => thread,
            None => self
                .vm
                .current_thread()
                .expect("attached just now or before"),
        }
    }

    /// Turns the pending exception into an error.
    pub(crate) fn caught(&self, Thrown { .. }: Thrown) -> Error {
        let thread = self.thread();
        thread.managed(|| {
            let exception = thread.take_pending();
            Error::Exception(Box::new(describe(self.vm, thread, exception)))
        })
    }
}

/// Copies an exception's facts out of the managed heap.
pub(crate) fn describe(vm: &Vm, thread: &Thread, exception: ObjRef) -> ManagedException {
    thread.managed(|| {
        let type_name = vm.type_name(vm.class_of(exception).ty);
        let message = vm
            .exception_offsets()
            .map(|o| exception.read::<StringRef>(o.message).to_string_lossy())
            .unwrap_or_default();
        let frames = vm
            .exception_trace(exception)
            .iter()
            .map(|e| vm.method_name(e.method))
            .collect();
        let text = thread.describe_exception(exception);
        ManagedException {
            type_name,
            message,
            frames,
            text,
        }
    })
}
