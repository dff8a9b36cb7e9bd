//! How a call instruction reaches its callee.

use ferrocil_jit::host::{
    CallKind, CallSig, CallSite, Dispatch, MethodHandle, This, ThisFixup, TypeHandle,
};
use ferrocil_metadata::{MethodAttributes, Token};

use super::host::{Host, method_handle, type_handle};
use super::intrinsics;
use crate::domain::VTablePtr;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::types::{ArrayMethod, ClassPtr, MethodKind, MethodPtr};
use crate::wellknown::Wk;

impl Host<'_> {
    pub(crate) fn call_site(
        &self,
        caller: MethodHandle,
        token: Token,
        kind: CallKind,
        constrained: Option<TypeHandle>,
    ) -> LoadResult<CallSite> {
        let target = self.method_of_token(caller, token)?;
        let caller = self.method(caller)?;
        self.runtime.check_method_access(caller, target)?;
        self.runtime.check_bound_arguments(target)?;
        self.runtime.check_method_constraints(target)?;
        if target.class.open || target.generic_definition {
            return Err(LoadError::type_load(
                self.runtime.method_name(target),
                format!(
                    "method {} has type parameters that are not bound",
                    self.runtime.method_name(target)
                ),
            ));
        }
        let sig = self.call_sig(target)?;
        if self.runtime.signature(target)?.vararg
            && matches!(kind, CallKind::LdFtn | CallKind::LdVirtFtn)
        {
            return Err(LoadError::new(
                LoadErrorKind::NotSupported,
                self.runtime.method_name(target),
                "pointers to methods with a variable argument list are not supported yet",
            ));
        }
        match kind {
            CallKind::NewObj => self.new_object(target, sig),
            CallKind::LdFtn => Ok(site(sig, Dispatch::Direct(method_handle(target)))),
            CallKind::LdVirtFtn => {
                let dispatch = if target.is_virtual() && !target.is_static() {
                    Dispatch::VirtualGeneric(method_handle(target))
                } else {
                    Dispatch::Direct(method_handle(target))
                };
                Ok(site(sig, dispatch))
            }
            CallKind::Call | CallKind::CallVirt => match constrained {
                Some(ty) => self.constrained(target, sig, self.class(ty)?),
                None => {
                    // A default interface method may `call` the abstract ones beside it.
                    let is_virtual = kind == CallKind::CallVirt
                        || (target.is_abstract() && caller.class.is_interface());
                    self.plain(target, sig, is_virtual)
                }
            },
        }
    }

    fn new_object(&self, ctor: MethodPtr, sig: CallSig) -> LoadResult<CallSite> {
        let class = ctor.class;
        let name = || self.runtime.type_name(class.ty);
        let dispatch = match ctor.kind {
            MethodKind::Array(kind) => Dispatch::NewArray {
                array: type_handle(class.ty),
                with_bounds: kind == ArrayMethod::NewWithBounds,
            },
            MethodKind::Defined | MethodKind::Dynamic
                if ctor.name != ".ctor" || ctor.is_static() =>
            {
                return Err(LoadError::new(
                    LoadErrorKind::InvalidProgram,
                    name(),
                    format!("newobj of {ctor:?}, which is no constructor"),
                ));
            }
            MethodKind::Defined if class == self.runtime.well_known_class(Wk::String)? => {
                Dispatch::NewString(method_handle(self.string_factory(ctor)?))
            }
            MethodKind::Defined if class.is_value_type() => Dispatch::NewValue {
                class: type_handle(class.ty),
                ctor: method_handle(ctor),
            },
            MethodKind::Defined
                if ctor.is_runtime()
                    && class
                        .derives_from(self.runtime.well_known_class(Wk::MulticastDelegate)?) =>
            {
                Dispatch::NewDelegate(type_handle(class.ty))
            }
            MethodKind::Defined | MethodKind::Dynamic => {
                if class.is_abstract() || class.is_interface() {
                    return Err(LoadError::new(
                        LoadErrorKind::MemberAccess,
                        name(),
                        format!(
                            "Cannot create an instance of {} because it is an abstract class",
                            name()
                        ),
                    ));
                }
                // A class that cannot be made fails here, at the instruction, and not when the code is
                // linked: the method may be expanded in one that catches.
                if !class.shared {
                    self.domain.vtable(class)?;
                }
                let nothing = class == self.runtime.well_known_class(Wk::Object)?;
                Dispatch::NewObject {
                    class: type_handle(class.ty),
                    ctor: (!nothing).then(|| method_handle(ctor)),
                }
            }
        };
        Ok(site(sig, dispatch))
    }

    /// `String::.ctor(args)` is `String::CreateString(args)`.
    pub(crate) fn string_factory(&self, ctor: MethodPtr) -> LoadResult<MethodPtr> {
        let wanted = self.runtime.signature(ctor)?;
        for &m in self.runtime.methods(ctor.class)? {
            if m.name == "CreateString"
                && !m.is_static()
                && self.runtime.signature(m)?.params == wanted.params
            {
                return Ok(m);
            }
        }
        Err(LoadError::new(
            LoadErrorKind::MissingMethod,
            "System.String.CreateString",
            format!(
                "no String.CreateString matches {}",
                self.runtime.method_name(ctor)
            ),
        ))
    }

    fn constrained(&self, target: MethodPtr, sig: CallSig, ty: ClassPtr) -> LoadResult<CallSite> {
        if ty.is_reference() {
            let mut call = self.plain(target, sig, true)?;
            call.this_fixup = ThisFixup::Deref;
            return Ok(call);
        }
        if (ty.shared || target.class.shared)
            && target.class.is_interface()
            && !self.runtime.interfaces(ty)?.contains(&target.class)
        {
            // Two type parameters may be the same in an instance, but not in a shared form: which
            // interface is meant is only known there.
            return Err(LoadError::new(
                LoadErrorKind::NotSupported,
                self.runtime.method_name(target),
                "a constrained call that depends on the exact types",
            ));
        }
        let found = if target.is_virtual() {
            self.runtime.find_implementation(ty, target)?
        } else {
            target
        };
        let mut sig = sig;
        if found.class == ty {
            // The type's own method takes the managed pointer as it is.
            sig.this = This::ByRef;
            return Ok(self.expand(found, sig, false));
        }
        // A method of Object, ValueType, Enum or a default interface method wants an object.
        sig.this = This::Ref;
        let mut call = self.expand(found, sig, false);
        call.this_fixup = ThisFixup::Box(type_handle(ty.ty));
        Ok(call)
    }

    fn plain(&self, target: MethodPtr, sig: CallSig, is_virtual: bool) -> LoadResult<CallSite> {
        let class = target.class;
        if let MethodKind::Array(kind) = target.kind {
            let array = type_handle(class.ty);
            let dispatch = match kind {
                ArrayMethod::Get => Dispatch::ArrayGet(array),
                ArrayMethod::Set => Dispatch::ArraySet(array),
                ArrayMethod::Address => Dispatch::ArrayAddress(array),
                ArrayMethod::New | ArrayMethod::NewWithBounds => {
                    return Err(LoadError::new(
                        LoadErrorKind::InvalidProgram,
                        "",
                        "call of an array constructor",
                    ));
                }
            };
            return Ok(site(sig, dispatch));
        }
        if target.is_runtime() && target.name == "Invoke" && sig.this == This::Ref {
            return Ok(site(
                sig,
                Dispatch::CodeField {
                    offset: crate::delegates::INVOKE_IMPL,
                },
            ));
        }
        if !is_virtual && target.is_abstract() {
            return Err(LoadError::new(
                LoadErrorKind::BadImage,
                self.runtime.method_name(target),
                format!(
                    "call of the abstract method {}",
                    self.runtime.method_name(target)
                ),
            ));
        }
        let dispatched = is_virtual
            && target.is_virtual()
            && !target.is_static()
            && !target.flags.contains(MethodAttributes::FINAL)
            && (!class.is_sealed() || class.is_interface())
            && !class.is_value_type();
        if !dispatched {
            // On a sealed class, the slot's method is known.
            let known = if is_virtual
                && target.is_virtual()
                && !class.is_interface()
                && !class.is_value_type()
            {
                self.runtime.find_implementation(class, target)?
            } else {
                target
            };
            let null_check = is_virtual && sig.this == This::Ref;
            return Ok(self.expand(known, sig, null_check));
        }
        let method = method_handle(target);
        let dispatch = if target.args.is_some() {
            Dispatch::VirtualGeneric(method)
        } else if class.is_interface() {
            Dispatch::Interface {
                method,
                slot: crate::domain::imt_slot(target),
            }
        } else {
            let slot = self.runtime.slot_of(target)?.ok_or_else(|| {
                LoadError::type_load("", format!("virtual method {target:?} has no slot"))
            })?;
            Dispatch::VTable {
                offset: VTablePtr::slot_offset(slot),
                method,
            }
        };
        Ok(site(sig, dispatch))
    }

    /// A call of exactly this method: an intrinsic or its entry.
    fn expand(&self, target: MethodPtr, sig: CallSig, null_check: bool) -> CallSite {
        let dispatch = match intrinsics::find(self.runtime, target) {
            Some(intrinsic) => Dispatch::Intrinsic(intrinsic, method_handle(target)),
            None => Dispatch::Direct(method_handle(target)),
        };
        CallSite {
            null_check,
            ..site(sig, dispatch)
        }
    }
}

fn site(sig: CallSig, dispatch: Dispatch) -> CallSite {
    CallSite {
        sig,
        dispatch,
        this_fixup: ThisFixup::None,
        null_check: false,
        no_return: false,
    }
}
