//! Names of types and methods, in the forms that runtimes print.

use core::fmt::{self, Write};

use crate::ids::{ImageId, InstId, MethodDef, MethodId, TypeDef, TypeId};
use crate::types::{FnSig, Type};
use crate::universe::Universe;
use ferrocil_metadata::ElementType;

/// The name of a TypeDef row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefName<'a> {
    /// The namespace; empty for none and for nested types.
    pub namespace: &'a str,
    /// The name, with the arity mark (``List`1``).
    pub name: &'a str,
    /// The type that this one is nested in.
    pub enclosing: Option<TypeDef>,
}

/// Where names come from: the universe has none.
pub trait NameSource {
    /// The name of a type definition.
    fn type_def(&self, def: TypeDef) -> DefName<'_>;

    /// The name of a method definition.
    fn method_def(&self, def: MethodDef) -> &str;

    /// The display name of an image's assembly, for assembly-qualified names; `None` leaves it out.
    fn assembly(&self, image: ImageId) -> Option<&str> {
        let _ = image;
        None
    }

    /// The name of a type's parameter; `None` gives `!0`.
    fn type_parameter(&self, owner: TypeDef, index: u16) -> Option<&str> {
        let _ = (owner, index);
        None
    }

    /// The name of a method's parameter; `None` gives `!!0`.
    fn method_parameter(&self, owner: MethodDef, index: u16) -> Option<&str> {
        let _ = (owner, index);
        None
    }
}

/// The forms of a type's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameStyle {
    /// What `Type.ToString()` gives: ``System.Collections.Generic.List`1[System.Int32]``, `Outer+Inner`. Characters
    /// that have a meaning in names are escaped by a backslash.
    Reflection,
    /// What `Type.FullName` gives: arguments are assembly-qualified,
    /// ``System.Collections.Generic.List`1[[System.Int32, mscorlib]]``. (The property is null for types with
    /// variables; that is the caller's test.)
    FullName,
    /// What `Type.AssemblyQualifiedName` gives.
    AssemblyQualified,
    /// What Mono's messages show: ``System.Collections.Generic.List`1<int>``, `Outer/Inner`, C# keywords.
    Message,
}

/// Prints names of a universe's types.
pub struct TypeNamer<'a, N: ?Sized> {
    universe: &'a Universe,
    names: &'a N,
}

impl<N: ?Sized> Clone for TypeNamer<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: ?Sized> Copy for TypeNamer<'_, N> {}

impl<'a, N: NameSource + ?Sized> TypeNamer<'a, N> {
    /// A namer of the universe's types.
    pub fn new(universe: &'a Universe, names: &'a N) -> Self {
        Self { universe, names }
    }

    /// The name of a type, to be formatted. A vacant id prints as one.
    pub fn ty(self, ty: TypeId, style: NameStyle) -> TypeName<'a, N> {
        TypeName {
            namer: self,
            ty,
            style,
        }
    }

    /// The name of a method as messages show it: ``Demo.Box`1<int>:Map<string>``. With the types of its parameters
    /// (inflated by the caller), they follow: ` (int,string)`.
    pub fn method<'m>(self, method: MethodId, params: Option<&'m [TypeId]>) -> MethodName<'m, N>
    where
        'a: 'm,
    {
        MethodName {
            namer: self,
            method,
            params,
        }
    }

    fn write(self, f: &mut fmt::Formatter<'_>, ty: TypeId, style: NameStyle) -> fmt::Result {
        let Ok(kind) = self.universe.try_ty(ty) else {
            return write!(f, "<vacant {ty:?}>");
        };
        // Nesting is bounded by `Limits::depth`.
        match kind {
            Type::Primitive(element) => f.write_str(primitive(element, style)),
            Type::Def(def) => self.write_def(f, def, style),
            Type::Inst { def, args } => {
                self.write_def(f, def, style)?;
                // The definition and its instance over its own variables are one class, whose full name has no arguments.
                let full = matches!(style, NameStyle::FullName | NameStyle::AssemblyQualified);
                if full && self.universe.is_own_inst(ty) {
                    Ok(())
                } else {
                    self.write_args(f, args, style)
                }
            }
            Type::SzArray(elem) => {
                self.write(f, elem, style)?;
                f.write_str("[]")
            }
            Type::Array { elem, rank } => {
                self.write(f, elem, style)?;
                f.write_str(if rank == 1 { "[*" } else { "[" })?;
                (1..rank).try_for_each(|_| f.write_char(','))?;
                f.write_char(']')
            }
            Type::Pointer(target) => {
                self.write(f, target, style)?;
                f.write_char('*')
            }
            Type::ByRef(target) => {
                self.write(f, target, style)?;
                f.write_char('&')
            }
            Type::FnPtr(sig) => self.write_sig(f, sig, style),
            Type::Var { owner, index } => match self.names.type_parameter(owner, index) {
                Some(name) => f.write_str(name),
                None => write!(f, "!{index}"),
            },
            Type::MVar { owner, index } => match self.names.method_parameter(owner, index) {
                Some(name) => f.write_str(name),
                None => write!(f, "!!{index}"),
            },
        }
    }

    fn write_def(self, f: &mut fmt::Formatter<'_>, def: TypeDef, style: NameStyle) -> fmt::Result {
        // Images are untrusted: enclosing types might form a ring.
        const DEEPEST: usize = 64;
        let mut chain = vec![self.names.type_def(def)];
        let mut at = def;
        while let Some(enclosing) = chain.last().and_then(|name| name.enclosing) {
            if chain.len() == DEEPEST || enclosing == at {
                break;
            }
            at = enclosing;
            chain.push(self.names.type_def(at));
        }
        for (depth, name) in chain.iter().rev().enumerate() {
            if depth > 0 {
                f.write_char(if style == NameStyle::Message {
                    '/'
                } else {
                    '+'
                })?;
            } else if !name.namespace.is_empty() {
                write_name(f, name.namespace, style)?;
                f.write_char('.')?;
            }
            write_name(f, name.name, style)?;
        }
        Ok(())
    }

    fn write_args(self, f: &mut fmt::Formatter<'_>, args: InstId, style: NameStyle) -> fmt::Result {
        let Ok(args) = self.universe.try_args(args) else {
            return write!(f, "<vacant {args:?}>");
        };
        let (open, separator, close) = match style {
            NameStyle::Message => ('<', ", ", '>'),
            _ => ('[', ",", ']'),
        };
        f.write_char(open)?;
        for (at, &arg) in args.iter().enumerate() {
            if at > 0 {
                f.write_str(separator)?;
            }
            match style {
                NameStyle::FullName | NameStyle::AssemblyQualified => {
                    f.write_char('[')?;
                    self.write(f, arg, NameStyle::FullName)?;
                    self.write_assembly(f, arg)?;
                    f.write_char(']')?;
                }
                _ => self.write(f, arg, style)?,
            }
        }
        f.write_char(close)
    }

    fn write_sig(
        self,
        f: &mut fmt::Formatter<'_>,
        sig: &FnSig<'_>,
        style: NameStyle,
    ) -> fmt::Result {
        self.write(f, sig.ret, style)?;
        f.write_char('(')?;
        self.write_list(f, sig.params, style)?;
        f.write_char(')')
    }

    fn write_list(
        self,
        f: &mut fmt::Formatter<'_>,
        types: &[TypeId],
        style: NameStyle,
    ) -> fmt::Result {
        for (at, &ty) in types.iter().enumerate() {
            if at > 0 {
                f.write_char(',')?;
            }
            self.write(f, ty, style)?;
        }
        Ok(())
    }

    fn write_assembly(self, f: &mut fmt::Formatter<'_>, ty: TypeId) -> fmt::Result {
        match self.home(ty).and_then(|image| self.names.assembly(image)) {
            Some(assembly) => write!(f, ", {assembly}"),
            None => Ok(()),
        }
    }

    /// The image whose assembly a type counts to: its definition's, or its element's.
    fn home(self, ty: TypeId) -> Option<ImageId> {
        let mut ty = ty;
        loop {
            return match self.universe.try_ty(ty).ok()? {
                Type::Primitive(_) | Type::FnPtr(_) => self.universe.corlib(),
                Type::Def(def) | Type::Inst { def, .. } => Some(def.image),
                Type::Var { owner, .. } => Some(owner.image),
                Type::MVar { owner, .. } => Some(owner.image),
                Type::SzArray(inner)
                | Type::Array { elem: inner, .. }
                | Type::Pointer(inner)
                | Type::ByRef(inner) => {
                    ty = inner;
                    continue;
                }
            };
        }
    }
}

/// A type's name; see [`TypeNamer::ty`].
pub struct TypeName<'a, N: ?Sized> {
    namer: TypeNamer<'a, N>,
    ty: TypeId,
    style: NameStyle,
}

impl<N: NameSource + ?Sized> fmt::Display for TypeName<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.namer.write(f, self.ty, self.style)?;
        if self.style == NameStyle::AssemblyQualified {
            self.namer.write_assembly(f, self.ty)
        } else {
            Ok(())
        }
    }
}

/// A method's name; see [`TypeNamer::method`].
pub struct MethodName<'a, N: ?Sized> {
    namer: TypeNamer<'a, N>,
    method: MethodId,
    params: Option<&'a [TypeId]>,
}

impl<N: NameSource + ?Sized> fmt::Display for MethodName<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(info) = self.namer.universe.try_method_info(self.method) else {
            return write!(f, "<vacant {:?}>", self.method);
        };
        self.namer.write(f, info.declaring, NameStyle::Message)?;
        write!(f, ":{}", self.namer.names.method_def(info.def))?;
        if let Some(args) = info.args {
            self.namer.write_args(f, args, NameStyle::Message)?;
        }
        if let Some(params) = self.params {
            f.write_str(" (")?;
            self.namer.write_list(f, params, NameStyle::Message)?;
            f.write_char(')')?;
        }
        Ok(())
    }
}

/// A name part; reflection names escape the characters of their own grammar.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str, style: NameStyle) -> fmt::Result {
    if style == NameStyle::Message {
        return f.write_str(name);
    }
    for part in name.split_inclusive(['\\', '+', ',', '[', ']', '&', '*']) {
        match part.char_indices().next_back() {
            Some((at, last)) if matches!(last, '\\' | '+' | ',' | '[' | ']' | '&' | '*') => {
                write!(f, "{}\\{last}", &part[..at])?;
            }
            _ => f.write_str(part)?,
        }
    }
    Ok(())
}

fn primitive(element: ElementType, style: NameStyle) -> &'static str {
    let (full, keyword) = match element {
        ElementType::Void => ("System.Void", "void"),
        ElementType::Boolean => ("System.Boolean", "bool"),
        ElementType::Char => ("System.Char", "char"),
        ElementType::I1 => ("System.SByte", "sbyte"),
        ElementType::U1 => ("System.Byte", "byte"),
        ElementType::I2 => ("System.Int16", "int16"),
        ElementType::U2 => ("System.UInt16", "uint16"),
        ElementType::I4 => ("System.Int32", "int"),
        ElementType::U4 => ("System.UInt32", "uint"),
        ElementType::I8 => ("System.Int64", "long"),
        ElementType::U8 => ("System.UInt64", "ulong"),
        ElementType::R4 => ("System.Single", "single"),
        ElementType::R8 => ("System.Double", "double"),
        ElementType::String => ("System.String", "string"),
        ElementType::Object => ("System.Object", "object"),
        ElementType::TypedByRef => ("System.TypedReference", "typedbyref"),
        ElementType::I => ("System.IntPtr", "intptr"),
        ElementType::U => ("System.UIntPtr", "uintptr"),
        // The universe makes no primitive type of another element type.
        _ => ("?", "?"),
    };
    if style == NameStyle::Message {
        keyword
    } else {
        full
    }
}

#[cfg(test)]
mod tests {
    use super::{DefName, NameSource, NameStyle, TypeNamer};
    use crate::ids::{ImageId, MethodDef, TypeDef, TypeId};
    use crate::set::ImageInfo;
    use crate::types::FnSig;
    use crate::universe::Universe;

    struct Names;

    impl NameSource for Names {
        fn type_def(&self, def: TypeDef) -> DefName<'_> {
            let outer = TypeDef { rid: 2, ..def };
            let name = |namespace, name, enclosing| DefName {
                namespace,
                name,
                enclosing,
            };
            match def.rid {
                2 => name("Demo", "Map`2", None),
                3 => name("", "Node", Some(outer)),
                4 => name("", "A+[x],y", None),
                5 => name("", "Ring", Some(def)),
                _ => name("", "Thing", None),
            }
        }

        fn method_def(&self, _: MethodDef) -> &str {
            "Run"
        }

        fn assembly(&self, image: ImageId) -> Option<&str> {
            Some(if image.raw() == 1 {
                "mscorlib"
            } else {
                "app, Version=1.0.0.0"
            })
        }

        fn type_parameter(&self, _: TypeDef, index: u16) -> Option<&str> {
            ["TKey", "TValue"].get(usize::from(index)).copied()
        }
    }

    #[test]
    fn names_in_every_style() {
        let u = Universe::new();
        let corlib = u.add_image(ImageInfo::default()).unwrap();
        u.set_corlib(corlib).unwrap();
        let app = u.add_image(ImageInfo::default()).unwrap();
        let row = |rid| TypeDef { image: app, rid };
        let namer = TypeNamer::new(&u, &Names);
        let show = |ty, style| namer.ty(ty, style).to_string();
        let map = u
            .inst(row(2), &[TypeId::I4, u.sz_array(TypeId::STRING).unwrap()])
            .unwrap();
        assert_eq!(
            show(map, NameStyle::Reflection),
            "Demo.Map`2[System.Int32,System.String[]]"
        );
        assert_eq!(
            show(map, NameStyle::FullName),
            "Demo.Map`2[[System.Int32, mscorlib],[System.String[], mscorlib]]"
        );
        assert_eq!(
            show(u.sz_array(map).unwrap(), NameStyle::AssemblyQualified),
            "Demo.Map`2[[System.Int32, mscorlib],[System.String[], mscorlib]][], app, Version=1.0.0.0"
        );
        assert_eq!(show(map, NameStyle::Message), "Demo.Map`2<int, string[]>");
        let node = u.inst(row(3), &[map, TypeId::R8]).unwrap();
        assert_eq!(
            show(node, NameStyle::Message),
            "Demo.Map`2/Node<Demo.Map`2<int, string[]>, double>"
        );
        assert_eq!(
            show(node, NameStyle::Reflection),
            "Demo.Map`2+Node[Demo.Map`2[System.Int32,System.String[]],System.Double]"
        );
        let own = u.own_inst(row(2), 2).unwrap();
        assert_eq!(show(own, NameStyle::Reflection), "Demo.Map`2[TKey,TValue]");
        assert_eq!(show(own, NameStyle::FullName), "Demo.Map`2");
        assert_eq!(
            show(u.array(TypeId::U1, 1).unwrap(), NameStyle::Reflection),
            "System.Byte[*]"
        );
        assert_eq!(
            show(u.array(TypeId::U1, 3).unwrap(), NameStyle::Reflection),
            "System.Byte[,,]"
        );
        let pointer = u.by_ref(u.pointer(TypeId::VOID).unwrap()).unwrap();
        assert_eq!(show(pointer, NameStyle::Message), "void*&");
        let sig = FnSig {
            convention: 0,
            ret: TypeId::VOID,
            params: &[TypeId::I8, map],
            sentinel: None,
        };
        assert_eq!(
            show(u.fn_ptr(&sig).unwrap(), NameStyle::Message),
            "void(long,Demo.Map`2<int, string[]>)"
        );
        assert_eq!(show(u.def(row(4)), NameStyle::Reflection), r"A\+\[x\]\,y");
        assert_eq!(show(u.def(row(4)), NameStyle::Message), "A+[x],y");
        assert_eq!(show(u.def(row(5)), NameStyle::Message), "Ring");
        let method = MethodDef { image: app, rid: 1 };
        assert_eq!(show(u.mvar(method, 3), NameStyle::Reflection), "!!3");
        let method = u.method(map, method, &[TypeId::OBJECT]).unwrap();
        assert_eq!(
            namer
                .method(method, Some(&[TypeId::I4, TypeId::BOOLEAN]))
                .to_string(),
            "Demo.Map`2<int, string[]>:Run<object> (int,bool)"
        );
        assert_eq!(
            show(TypeId::of(99_999), NameStyle::Message),
            "<vacant TypeId(99999)>"
        );
    }
}
