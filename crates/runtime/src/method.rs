//! Typed methods.

use std::marker::PhantomData;

use ferrocil_vm::MethodPtr;

use crate::error::Error;
use crate::runtime::Domain;
use crate::session::Session;
use crate::value::{Args, FromManaged};

/// A static method with Rust types for its parameters and result.
#[derive(Debug)]
pub struct Method<A, R> {
    domain: Domain,
    method: MethodPtr,
    types: PhantomData<fn(A) -> R>,
}

impl<A, R> Clone for Method<A, R> {
    fn clone(&self) -> Self {
        Method {
            domain: self.domain.clone(),
            method: self.method,
            types: PhantomData,
        }
    }
}

impl<A: Args, R: FromManaged> Method<A, R> {
    pub(crate) fn new(domain: Domain, method: MethodPtr) -> Method<A, R> {
        Method {
            domain,
            method,
            types: PhantomData,
        }
    }

    /// Calls it. The calling thread is attached for the call unless it is already.
    ///
    /// # Errors
    /// The managed exception that left it.
    pub fn call(&self, args: A) -> Result<R, Error> {
        let vm = &self.domain.runtime.inner.vm;
        let session = Session::new(vm, self.domain.vm_domain());
        let thread = session.thread();
        let domain = self.domain.vm_domain();
        thread
            .in_domain(domain, || {
                thread.managed(|| {
                    let slots = args.to_slots(thread)?;
                    let returned =
                        thread.invoke(self.method, None, &slots.as_slice()[..A::TYPES.len()])?;
                    Ok(R::from_returned(returned))
                })
            })
            .map_err(|thrown| session.caught(thrown))
    }
}
