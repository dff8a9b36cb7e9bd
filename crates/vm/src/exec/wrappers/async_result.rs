//! `BeginInvoke` and `EndInvoke` of delegates, and `AsyncResult.Invoke`, which a worker of
//! the thread pool calls.
//!
//! `AsyncResult.object_data` is a vector of the boxed arguments, then the result, then the
//! exception.

use ferrocil_generics::TypeId;
use ferrocil_jit::host::CallSig;
use ferrocil_metadata::ElementType;

use super::il::{Il, op};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::exec::Host;
use crate::types::{ClassKind, MethodPtr};
use crate::wellknown::Wk;

const RESULT: (&str, &str) = ("System.Runtime.Remoting.Messaging", "AsyncResult");
const INVALID: (&str, &str) = ("System", "InvalidOperationException");

impl Host<'_> {
    /// Code of a delegate's `BeginInvoke` or `EndInvoke`; `None` for other methods.
    pub(in crate::exec) fn delegate_async(
        &self,
        method: MethodPtr,
        sig: &CallSig,
    ) -> LoadResult<Option<usize>> {
        let delegate = self.runtime.well_known_class(Wk::MulticastDelegate)?;
        if !method.class.derives_from(delegate) {
            return Ok(None);
        }
        let body = match method.name {
            "BeginInvoke" => self.begin_invoke(method)?,
            "EndInvoke" => self.end_invoke(method)?,
            _ => return Ok(None),
        };
        self.compile_wrapper(method, sig.clone(), body.finish(method.name))
            .map(Some)
    }

    /// Code of `AsyncResult.Invoke`; `None` for other methods.
    pub(in crate::exec) fn async_result_invoke(
        &self,
        method: MethodPtr,
        sig: &CallSig,
    ) -> LoadResult<Option<usize>> {
        if method.name != "Invoke"
            || !method.class.is_named(RESULT.0, RESULT.1)
            || !self.runtime.is_corlib(method.class.image)
        {
            return Ok(None);
        }
        let body = self.run_async()?;
        self.compile_wrapper(method, sig.clone(), body.finish(method.name))
            .map(Some)
    }

    fn object(&self) -> TypeId {
        self.runtime.universe().primitive(ElementType::Object)
    }

    fn objects(&self) -> LoadResult<TypeId> {
        Ok(self.runtime.universe().sz_array(self.object())?)
    }

    /// What a managed pointer points to.
    fn target_of(&self, ty: TypeId) -> LoadResult<Option<TypeId>> {
        let class = self.runtime.class(ty)?;
        Ok(match (class.kind, class.element) {
            (ClassKind::ByRef, Some(element)) => Some(element.ty),
            _ => None,
        })
    }

    fn check_boxable(&self, ty: TypeId, method: MethodPtr) -> LoadResult<()> {
        let kind = self.runtime.class(ty)?.kind;
        if matches!(
            kind,
            ClassKind::Pointer | ClassKind::FnPtr | ClassKind::ByRef
        ) {
            return Err(LoadError::new(
                LoadErrorKind::NotSupported,
                self.runtime.method_name(method),
                format!(
                    "{}: '{}' cannot go to another thread",
                    self.runtime.method_name(method),
                    self.runtime.type_name(ty)
                ),
            ));
        }
        Ok(())
    }

    fn begin_invoke(&self, method: MethodPtr) -> LoadResult<Il<'_>> {
        let mut il = Il::new(self.runtime);
        let params = &self.runtime.signature(method)?.params;
        let count = params.len().checked_sub(2).ok_or_else(|| {
            LoadError::type_load(
                self.runtime.method_name(method),
                "BeginInvoke takes at least a callback and a state",
            )
        })?;
        let async_class = self.runtime.corlib_class(RESULT.0, RESULT.1)?;
        let multicast = self.runtime.well_known_class(Wk::MulticastDelegate)?;
        let (result, data) = (il.local(async_class.ty), il.local(self.objects()?));
        il.arg(0);
        il.field(op::LDFLD, multicast, "delegates")?;
        let single = il.jump(op::BRFALSE);
        il.throw(
            ("System", "ArgumentException"),
            "The delegate must have only one target",
        )?;
        il.land(single);
        il.int(count + 2);
        il.ty(op::NEWARR, self.object());
        il.store(data);
        for (n, &param) in params[..count].iter().enumerate() {
            il.load(data);
            il.int(n);
            il.arg(n + 1);
            let value = match self.target_of(param)? {
                Some(target) => {
                    il.ty(op::LDOBJ, target);
                    target
                }
                None => param,
            };
            self.check_boxable(value, method)?;
            il.ty(op::BOX, value);
            il.op(op::STELEM_REF);
        }
        il.corlib(op::NEWOBJ, RESULT, ".ctor", &[])?;
        il.store(result);
        for (field, arg) in [
            ("async_delegate", 0),
            ("async_callback", count + 1),
            ("async_state", count + 2),
        ] {
            il.load(result);
            il.arg(arg);
            il.field(op::STFLD, async_class, field)?;
        }
        il.load(result);
        il.load(data);
        il.field(op::STFLD, async_class, "object_data")?;
        il.load(result);
        il.int(0);
        let item = self
            .runtime
            .corlib_class("System.Threading", "IThreadPoolWorkItem")?;
        let boolean = self.runtime.universe().primitive(ElementType::Boolean);
        il.corlib(
            op::CALL,
            ("System.Threading", "ThreadPool"),
            "UnsafeQueueCustomWorkItem",
            &[item.ty, boolean],
        )?;
        il.load(result);
        il.op(op::RET);
        Ok(il)
    }

    fn end_invoke(&self, method: MethodPtr) -> LoadResult<Il<'_>> {
        let mut il = Il::new(self.runtime);
        let sig = self.runtime.signature(method)?;
        let invoke = self.runtime.delegate_invoke(method.class)?;
        let invoked = &self.runtime.signature(invoke)?.params;
        let count = invoked.len();
        let last = sig.params.len();
        let async_class = self.runtime.corlib_class(RESULT.0, RESULT.1)?;
        let (result, data) = (il.local(async_class.ty), il.local(self.objects()?));
        il.arg(last);
        il.ty(op::ISINST, async_class.ty);
        il.op(op::DUP);
        il.store(result);
        let foreign = il.jump(op::BRFALSE);
        il.load(result);
        il.field(op::LDFLD, async_class, "async_delegate")?;
        il.arg(0);
        let own = il.jump(op::BEQ);
        il.land(foreign);
        il.throw(
            INVALID,
            "The IAsyncResult object provided does not match this delegate.",
        )?;
        il.land(own);
        il.load(result);
        il.field(op::LDFLD, async_class, "endinvoke_called")?;
        let first = il.jump(op::BRFALSE);
        il.throw(
            INVALID,
            "The EndInvoke method can only be called once for each asynchronous operation.",
        )?;
        il.land(first);
        il.load(result);
        il.int(1);
        il.field(op::STFLD, async_class, "endinvoke_called")?;
        il.load(result);
        il.corlib(op::CALLVIRT, RESULT, "get_AsyncWaitHandle", &[])?;
        il.corlib(
            op::CALLVIRT,
            ("System.Threading", "WaitHandle"),
            "WaitOne",
            &[],
        )?;
        il.op(op::POP);
        il.load(result);
        il.field(op::LDFLD, async_class, "object_data")?;
        il.ty(op::CASTCLASS, self.objects()?);
        il.store(data);
        // The exception, with the trace of the thread that threw it.
        il.load(data);
        il.int(count + 1);
        il.op(op::LDELEM_REF);
        let fine = il.jump(op::BRFALSE);
        il.load(data);
        il.int(count + 1);
        il.op(op::LDELEM_REF);
        let exception = self.runtime.corlib_class("System", "Exception")?;
        il.ty(op::CASTCLASS, exception.ty);
        let info = ("System.Runtime.ExceptionServices", "ExceptionDispatchInfo");
        il.corlib(op::CALL, info, "Capture", &[exception.ty])?;
        il.corlib(op::CALLVIRT, info, "Throw", &[])?;
        il.land(fine);
        let mut own_arg = 1;
        for (n, &param) in invoked.iter().enumerate() {
            if let Some(target) = self.target_of(param)?
                && own_arg < last
            {
                il.arg(own_arg);
                il.load(data);
                il.int(n);
                il.op(op::LDELEM_REF);
                il.ty(op::UNBOX_ANY, target);
                il.ty(op::STOBJ, target);
                own_arg += 1;
            }
        }
        if sig.ret != self.runtime.universe().primitive(ElementType::Void) {
            self.check_boxable(sig.ret, method)?;
            il.load(data);
            il.int(count);
            il.op(op::LDELEM_REF);
            il.ty(op::UNBOX_ANY, sig.ret);
        }
        il.op(op::RET);
        Ok(il)
    }

    fn run_async(&self) -> LoadResult<Il<'_>> {
        let mut il = Il::new(self.runtime);
        let universe = self.runtime.universe();
        let int = universe.primitive(ElementType::I4);
        let objects = self.objects()?;
        let array = self.runtime.well_known_class(Wk::Array)?.ty;
        let async_class = self.runtime.corlib_class(RESULT.0, RESULT.1)?;
        let exception = self.runtime.corlib_class("System", "Exception")?;
        let (data, args, count) = (il.local(objects), il.local(objects), il.local(int));
        let (caught, handle) = (il.local(exception.ty), il.local(self.object()));
        il.arg(0);
        il.field(op::LDFLD, async_class, "object_data")?;
        il.ty(op::CASTCLASS, objects);
        il.op(op::DUP);
        il.store(data);
        il.op(op::LDLEN);
        il.op(op::CONV_I4);
        il.int(2);
        il.op(op::SUB);
        il.op(op::DUP);
        il.store(count);
        il.ty(op::NEWARR, self.object());
        il.store(args);
        let copy = |il: &mut Il<'_>, from, to| {
            il.load(from);
            il.load(to);
            il.load(count);
            il.corlib(op::CALL, ("System", "Array"), "Copy", &[array, array, int])
        };
        copy(&mut il, data, args)?;
        let start = il.here();
        il.load(data);
        il.load(count);
        il.arg(0);
        il.field(op::LDFLD, async_class, "async_delegate")?;
        let delegate = self.runtime.well_known_class(Wk::Delegate)?;
        il.ty(op::CASTCLASS, delegate.ty);
        il.load(args);
        il.corlib(
            op::CALL,
            ("System", "Delegate"),
            "DynamicInvoke",
            &[objects],
        )?;
        il.op(op::STELEM_REF);
        let done = il.jump(op::LEAVE);
        // What the target threw is inside a TargetInvocationException; anything else is as it is.
        let wrapper = self
            .runtime
            .corlib_class("System.Reflection", "TargetInvocationException")?;
        let handler = il.here();
        il.op(op::DUP);
        il.store(caught);
        il.ty(op::ISINST, wrapper.ty);
        let bare = il.jump(op::BRFALSE);
        il.load(caught);
        il.corlib(
            op::CALLVIRT,
            ("System", "Exception"),
            "get_InnerException",
            &[],
        )?;
        il.store(caught);
        il.land(bare);
        il.load(data);
        il.load(count);
        il.int(1);
        il.op(op::ADD);
        il.load(caught);
        il.op(op::STELEM_REF);
        let handled = il.jump(op::LEAVE);
        il.catch(start, handler, exception);
        il.land(done);
        il.land(handled);
        copy(&mut il, args, data)?;
        let monitor = ("System.Threading", "Monitor");
        il.arg(0);
        il.corlib(op::CALL, monitor, "Enter", &[self.object()])?;
        il.arg(0);
        il.int(1);
        il.field(op::STFLD, async_class, "completed")?;
        il.arg(0);
        il.field(op::LDFLD, async_class, "handle")?;
        il.store(handle);
        il.arg(0);
        il.corlib(op::CALL, monitor, "Exit", &[self.object()])?;
        il.load(handle);
        let nobody = il.jump(op::BRFALSE);
        il.load(handle);
        let event = self
            .runtime
            .corlib_class("System.Threading", "EventWaitHandle")?;
        il.ty(op::CASTCLASS, event.ty);
        il.corlib(
            op::CALLVIRT,
            ("System.Threading", "EventWaitHandle"),
            "Set",
            &[],
        )?;
        il.op(op::POP);
        il.land(nobody);
        let callback = self.runtime.corlib_class("System", "AsyncCallback")?;
        il.arg(0);
        il.field(op::LDFLD, async_class, "async_callback")?;
        let without = il.jump(op::BRFALSE);
        il.arg(0);
        il.field(op::LDFLD, async_class, "async_callback")?;
        il.ty(op::CASTCLASS, callback.ty);
        il.arg(0);
        let invoke = self.runtime.delegate_invoke(callback)?;
        il.method(op::CALLVIRT, invoke);
        il.land(without);
        il.load(data);
        il.load(count);
        il.op(op::LDELEM_REF);
        il.op(op::RET);
        Ok(il)
    }
}
