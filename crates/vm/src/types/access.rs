//! Who may name a member (ECMA-335 I.8.5.3.2).

use ferrocil_metadata::{MemberAccess, TableId, Token};

use super::{ClassPtr, FieldPtr, MethodKind, MethodPtr};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::loader::LoadedImage;
use crate::runtime::Runtime;

/// Deepest nesting of types that is followed.
const MAX_NESTING: usize = 64;

impl Runtime {
    /// Fails when code of `caller` must not call or take the address of `callee`.
    pub(crate) fn check_method_access(
        &self,
        caller: MethodPtr,
        callee: MethodPtr,
    ) -> LoadResult<()> {
        if callee.kind != MethodKind::Defined
            || self.may_access(caller, callee.class, callee.flags.access())?
        {
            return Ok(());
        }
        Err(LoadError::new(
            LoadErrorKind::MethodAccess,
            self.method_name(callee),
            format!(
                "Method `{}' is inaccessible from method `{}'",
                self.reflection_name(callee),
                self.reflection_name(caller)
            ),
        ))
    }

    /// Fails when code of `caller` must not name `field`.
    pub(crate) fn check_field_access(&self, caller: MethodPtr, field: FieldPtr) -> LoadResult<()> {
        if self.may_access(caller, field.class, field.flags.access())? {
            return Ok(());
        }
        let class = field.class;
        let dot = if class.namespace.is_empty() { "" } else { "." };
        let name = format!("{}{dot}{}:{}", class.namespace, class.name, field.name);
        Err(LoadError::new(
            LoadErrorKind::FieldAccess,
            name.clone(),
            format!(
                "Field `{name}' is inaccessible from method `{}'\n",
                self.method_name(caller)
            ),
        ))
    }

    fn may_access(
        &self,
        caller: MethodPtr,
        owner: ClassPtr,
        access: MemberAccess,
    ) -> LoadResult<bool> {
        // The class library is trusted as it is; methods made at run time say themselves
        // what they skip.
        if access == MemberAccess::Public
            || caller.kind != MethodKind::Defined
            || self.is_corlib(caller.def.image)
        {
            return Ok(true);
        }
        let same_image = caller.def.image == owner.image;
        Ok(match access {
            MemberAccess::Public => true,
            MemberAccess::CompilerControlled => same_image,
            MemberAccess::Private => self.is_inside(caller.class, owner)?,
            MemberAccess::Assembly => same_image || self.is_friend(caller.class, owner)?,
            MemberAccess::Family => self.is_family(caller.class, owner)?,
            MemberAccess::FamilyAndAssembly => {
                (same_image || self.is_friend(caller.class, owner)?)
                    && self.is_family(caller.class, owner)?
            }
            MemberAccess::FamilyOrAssembly => {
                same_image
                    || self.is_friend(caller.class, owner)?
                    || self.is_family(caller.class, owner)?
            }
        })
    }

    /// The class and those that it is nested in, as definitions.
    fn enclosing(&self, class: ClassPtr) -> LoadResult<Vec<ferrocil_generics::TypeDef>> {
        let mut all = Vec::new();
        let mut next = class.def;
        while let Some(def) = next {
            all.push(def);
            if all.len() > MAX_NESTING {
                break;
            }
            next = self
                .image_of(def)?
                .image()
                .enclosing_type(def.rid)
                .map(|rid| ferrocil_generics::TypeDef { rid, ..def });
        }
        Ok(all)
    }

    /// Whether `class` is `owner` or nested in it (whatever their type arguments).
    fn is_inside(&self, class: ClassPtr, owner: ClassPtr) -> LoadResult<bool> {
        match owner.def {
            Some(owner) => Ok(self.enclosing(class)?.contains(&owner)),
            None => Ok(true),
        }
    }

    /// Whether `class` or one that it is nested in is `owner`, derives from it or implements it.
    fn is_family(&self, class: ClassPtr, owner: ClassPtr) -> LoadResult<bool> {
        let is_interface = owner.is_interface();
        let Some(owner) = owner.def else {
            return Ok(true);
        };
        for def in self.enclosing(class)? {
            let candidate = self.class(self.type_of_def(def))?;
            if is_interface
                && self
                    .interfaces(candidate)?
                    .iter()
                    .any(|i| i.def == Some(owner))
            {
                return Ok(true);
            }
            let mut next = Some(candidate);
            while let Some(current) = next {
                if current.def == Some(owner) {
                    return Ok(true);
                }
                next = current.parent;
            }
        }
        Ok(false)
    }

    /// Whether the owner's assembly names the class's as a friend (`InternalsVisibleTo`).
    fn is_friend(&self, class: ClassPtr, owner: ClassPtr) -> LoadResult<bool> {
        let (Some(class), Some(owner)) = (class.def, owner.def) else {
            return Ok(true);
        };
        let friend = &self.image_of(class)?.name.name;
        let home = self.image_of(owner)?;
        let assembly = Token::new(TableId::Assembly, 1);
        Ok(home
            .image()
            .custom_attributes(assembly)
            .filter_map(|rid| friend_name(home, rid))
            .any(|name| name.eq_ignore_ascii_case(friend)))
    }

    /// `Class.Method[arguments](parameters)`, as Mono's access exceptions show it.
    fn reflection_name(&self, method: MethodPtr) -> String {
        let list = |types: &[ferrocil_generics::TypeId]| {
            let names: Vec<String> = types
                .iter()
                .map(|&t| self.type_name_as(t, ferrocil_generics::NameStyle::Message))
                .collect();
            names.join(",")
        };
        let args = method.args.map_or_else(String::new, |args| {
            format!("[{}]", list(self.universe().args(args)))
        });
        let params = self.signature(method).map(|s| list(&s.params));
        format!(
            "{}.{}{args}({})",
            self.type_name(method.class.ty),
            method.name,
            params.unwrap_or_default()
        )
    }
}

impl Runtime {
    /// Whether an assembly asks for `RuntimeCompatibility(WrapNonExceptionThrows = true)`.
    pub(crate) fn wraps_non_exceptions(&self, image: &LoadedImage) -> bool {
        const NAME: &[u8] = b"WrapNonExceptionThrows\x01";
        let assembly = Token::new(TableId::Assembly, 1);
        image
            .image()
            .custom_attributes(assembly)
            .filter(|&rid| {
                crate::loader::attribute_type(image, rid)
                    .is_some_and(|(_, name)| name == "RuntimeCompatibilityAttribute")
            })
            .filter_map(|rid| image.image().custom_attribute(rid).ok())
            .filter_map(|row| image.image().blob(row.value).ok())
            .any(|blob| blob.windows(NAME.len()).any(|part| part == NAME))
    }
}

/// The assembly's simple name in an `InternalsVisibleTo` attribute.
fn friend_name(image: &LoadedImage, rid: u32) -> Option<&'static str> {
    let (namespace, name) = crate::loader::attribute_type(image, rid)?;
    if (namespace, name)
        != (
            "System.Runtime.CompilerServices",
            "InternalsVisibleToAttribute",
        )
    {
        return None;
    }
    let row = image.image().custom_attribute(rid).ok()?;
    // Prolog 01 00, then a string: its length (one byte, or two with the high bit set), its bytes.
    let blob = image.image().blob(row.value).ok()?;
    let rest = blob.strip_prefix(&[1, 0])?;
    let (length, text) = match *rest {
        [n, ref text @ ..] if n < 0x80 => (usize::from(n), text),
        [n, m, ref text @ ..] if n & 0xc0 == 0x80 => {
            (usize::from(n & 0x3f) << 8 | usize::from(m), text)
        }
        _ => return None,
    };
    let text = std::str::from_utf8(text.get(..length)?).ok()?;
    Some(text.split(',').next().unwrap_or_default().trim())
}
