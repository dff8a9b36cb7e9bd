//! Type names as text: parsing (`Namespace.Outer+Nested[[Arg, Assembly]][], Assembly`) and
//! finding the type.

use ferrocil_generics::{TypeDef, TypeId};
use ferrocil_vm::LoadedImage;

use super::assembly::load_by_name;
use crate::prelude::{Managed, Thread, Thrown, throw};
use crate::system::support::loaded;

/// Deepest nesting of arguments in a name.
const MAX_DEPTH: usize = 64;

/// A parsed type name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct TypeName {
    /// Namespace and outermost name, unescaped.
    pub outer: String,
    /// Nested names, outermost first.
    pub nested: Vec<String>,
    /// Generic arguments.
    pub args: Vec<TypeName>,
    /// Arrays, pointers and references around it, innermost first.
    pub suffixes: Vec<Suffix>,
    /// Assembly display name.
    pub assembly: Option<String>,
}

/// What surrounds a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Suffix {
    /// `[]`
    Vector,
    /// `[,]`, or `[*]` for one dimension.
    Array(u8),
    /// `*`
    Pointer,
    /// `&`
    ByRef,
}

impl TypeName {
    /// Parses a name; `None` when it is malformed.
    pub(super) fn parse(text: &str) -> Option<TypeName> {
        let chars: Vec<char> = text.chars().collect();
        let mut parser = Parser {
            chars: &chars,
            at: 0,
        };
        let name = parser.name(true, 0)?;
        (parser.at == chars.len()).then_some(name)
    }
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_spaces(&mut self) {
        while self.eat(' ') {}
    }

    /// An identifier: up to a special character, `\` taken out.
    fn identifier(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.at += 1;
                    text.push(self.peek()?);
                }
                ',' | '[' | ']' | '&' | '*' | '+' => break,
                _ => text.push(c),
            }
            self.at += 1;
        }
        (!text.is_empty()).then_some(text)
    }

    fn name(&mut self, with_assembly: bool, depth: usize) -> Option<TypeName> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.skip_spaces();
        let mut name = TypeName {
            outer: self.identifier()?,
            ..TypeName::default()
        };
        while self.eat('+') {
            name.nested.push(self.identifier()?);
        }
        if self.peek() == Some('[') && !self.is_array() {
            self.at += 1;
            loop {
                self.skip_spaces();
                let bracketed = self.eat('[');
                name.args.push(self.name(bracketed, depth + 1)?);
                if bracketed && !self.eat(']') {
                    return None;
                }
                self.skip_spaces();
                if self.eat(']') {
                    break;
                }
                if !self.eat(',') {
                    return None;
                }
            }
        }
        self.suffixes(&mut name)?;
        if with_assembly && self.eat(',') {
            name.assembly = Some(self.assembly(depth > 0)?);
        }
        Some(name)
    }

    /// Whether the `[` here begins an array's dimensions.
    fn is_array(&self) -> bool {
        let mut i = self.at + 1;
        while self.chars.get(i) == Some(&' ') {
            i += 1;
        }
        matches!(self.chars.get(i), Some(']' | ',' | '*'))
    }

    fn suffixes(&mut self, name: &mut TypeName) -> Option<()> {
        loop {
            let suffix = match self.peek() {
                Some('&') => Suffix::ByRef,
                Some('*') => Suffix::Pointer,
                Some('[') => {
                    self.at += 1;
                    let mut rank = 1u8;
                    let mut starred = false;
                    loop {
                        match self.peek()? {
                            ']' => break,
                            ',' => rank = rank.checked_add(1)?,
                            '*' => starred = true,
                            ' ' => {}
                            _ => return None,
                        }
                        self.at += 1;
                    }
                    if rank == 1 && !starred {
                        Suffix::Vector
                    } else {
                        Suffix::Array(rank)
                    }
                }
                _ => return Some(()),
            };
            if name.suffixes.last() == Some(&Suffix::ByRef) {
                return None;
            }
            self.at += 1;
            name.suffixes.push(suffix);
        }
    }

    /// An assembly name: the rest, up to the closing bracket when inside arguments.
    fn assembly(&mut self, inside: bool) -> Option<String> {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if inside && c == ']' {
                break;
            }
            text.push(c);
            self.at += 1;
        }
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_string())
    }
}

/// What is looked for, and where.
pub(super) struct Lookup<'a> {
    /// The name.
    pub text: &'a str,
    /// Whether case counts not.
    pub ignore_case: bool,
    /// Where names without an assembly are looked for, before corlib.
    pub near: Option<&'a LoadedImage>,
    /// The only image to look in.
    pub only: Option<&'a LoadedImage>,
}

/// Why a type was not found.
pub(super) enum Failure {
    /// The name is malformed.
    Name(String),
    /// No such type (name, assembly).
    Type(String, String),
    /// No such assembly (name of the type, assembly).
    Assembly(String, String),
}

impl Failure {
    /// The exception that `Type.GetType` and its kin throw.
    pub(super) fn throw(&self, t: &Thread) -> Thrown {
        match self {
            Failure::Name(text) => throw(
                t,
                "System",
                "ArgumentException",
                &format!(
                    "Type names passed to Assembly.GetType() must not specify an assembly, or '{text}' is malformed."
                ),
            ),
            Failure::Type(name, assembly) => throw(
                t,
                "System",
                "TypeLoadException",
                &format!("Could not load type '{name}' from assembly '{assembly}'."),
            ),
            Failure::Assembly(name, assembly) => {
                // Mono shows what was asked for as a full name.
                let shown = if assembly.contains(',') {
                    assembly.clone()
                } else {
                    format!("{assembly}, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null")
                };
                Failure::Type(name.clone(), shown).throw(t)
            }
        }
    }
}

/// Finds a type by name.
pub(super) fn find_type(t: &Thread, lookup: &Lookup<'_>) -> Managed<Result<TypeId, Failure>> {
    match TypeName::parse(lookup.text) {
        Some(name) => find(t, lookup, &name),
        None => Ok(Err(Failure::Type(
            lookup.text.to_string(),
            lookup
                .near
                .map_or("mscorlib", |image| image.display_name())
                .to_string(),
        ))),
    }
}

fn find(t: &Thread, lookup: &Lookup<'_>, name: &TypeName) -> Managed<Result<TypeId, Failure>> {
    let runtime = t.runtime();
    let full = || {
        let (namespace, simple) = split(&name.outer);
        // A type without a namespace is shown with its dot, as Mono does.
        let mut full = format!("{namespace}.{simple}");
        for nested in &name.nested {
            full.push('+');
            full.push_str(nested);
        }
        full
    };
    let (mut def, mut place) = (None, String::new());
    match &name.assembly {
        Some(_) if lookup.only.is_some() => {
            return Ok(Err(Failure::Name(lookup.text.to_string())));
        }
        Some(assembly) => match load_by_name(t, assembly)? {
            Some(image) => {
                def = find_def(t, image, name, lookup.ignore_case);
                place = image.display_name().to_string();
            }
            None => return Ok(Err(Failure::Assembly(full(), assembly.clone()))),
        },
        None => {
            let corlib = lookup.only.is_none().then(|| runtime.corlib());
            for image in lookup.only.or(lookup.near).into_iter().chain(corlib) {
                if place.is_empty() {
                    place = image.display_name().to_string();
                }
                def = find_def(t, image, name, lookup.ignore_case);
                if def.is_some() {
                    break;
                }
            }
        }
    }
    let Some(def) = def else {
        return Ok(Err(Failure::Type(full(), place)));
    };
    let universe = runtime.universe();
    let mut ty = runtime.type_of_def(def);
    if !name.args.is_empty() {
        let mut args = Vec::with_capacity(name.args.len());
        for arg in &name.args {
            // Arguments may be anywhere that the name says, or near.
            let inner = Lookup {
                only: None,
                near: lookup.only.or(lookup.near),
                ..*lookup
            };
            match find(t, &inner, arg)? {
                Ok(ty) => args.push(ty),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        ty = loaded(t, universe.inst(def, &args).map_err(Into::into))?;
    }
    for &suffix in &name.suffixes {
        let made = match suffix {
            Suffix::Vector => universe.sz_array(ty),
            Suffix::Array(rank) => universe.array(ty, rank),
            Suffix::Pointer => universe.pointer(ty),
            Suffix::ByRef => universe.by_ref(ty),
        };
        ty = loaded(t, made.map_err(Into::into))?;
    }
    loaded(t, runtime.class(ty))?;
    Ok(Ok(ty))
}

/// Splits `A.B.C` into (`A.B`, `C`).
fn split(full: &str) -> (&str, &str) {
    full.rsplit_once('.').unwrap_or(("", full))
}

fn find_def(
    t: &Thread,
    image: &LoadedImage,
    name: &TypeName,
    ignore_case: bool,
) -> Option<TypeDef> {
    let (namespace, simple) = split(&name.outer);
    let runtime = t.runtime();
    let mut def = match runtime.find_type_in(image, namespace, simple) {
        Some(def) => def,
        None if ignore_case => find_ignoring_case(image, &name.outer)?,
        None => return None,
    };
    for nested in &name.nested {
        let home = runtime.image(def.image)?;
        def = match home.find_nested(def.rid, nested) {
            Some(def) => def,
            None if ignore_case => {
                let metadata = home.image();
                let rid = metadata.nested_types(def.rid).find(|&rid| {
                    metadata
                        .type_def(rid)
                        .and_then(|row| metadata.string(row.name))
                        .is_ok_and(|n| n.eq_ignore_ascii_case(nested))
                })?;
                TypeDef {
                    image: def.image,
                    rid,
                }
            }
            None => return None,
        };
    }
    Some(def)
}

fn find_ignoring_case(image: &LoadedImage, full: &str) -> Option<TypeDef> {
    let (namespace, simple) = split(full);
    let metadata = image.image();
    metadata
        .rids(ferrocil_metadata::TableId::TypeDef)
        .find(|&rid| {
            metadata.type_def(rid).is_ok_and(|row| {
                !row.flags.is_nested()
                    && metadata
                        .string(row.name)
                        .is_ok_and(|n| n.eq_ignore_ascii_case(simple))
                    && metadata
                        .string(row.namespace)
                        .is_ok_and(|n| n.eq_ignore_ascii_case(namespace))
            })
        })
        .map(|rid| TypeDef {
            image: image.id,
            rid,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_and_nested_names() {
        let name = TypeName::parse("System.Outer+In\\+ner, My.Lib, Version=1.0.0.0").unwrap();
        assert_eq!(name.outer, "System.Outer");
        assert_eq!(name.nested, ["In+ner"]);
        assert_eq!(name.assembly.as_deref(), Some("My.Lib, Version=1.0.0.0"));
    }

    #[test]
    fn arguments_and_suffixes() {
        let name = TypeName::parse(
            "System.Collections.Generic.Dictionary`2[[System.Int32, mscorlib],System.String[]][,]&, mscorlib",
        )
        .unwrap();
        assert_eq!(name.args.len(), 2);
        assert_eq!(name.args[0].assembly.as_deref(), Some("mscorlib"));
        assert_eq!(name.args[1].suffixes, [Suffix::Vector]);
        assert_eq!(name.suffixes, [Suffix::Array(2), Suffix::ByRef]);
        assert_eq!(
            TypeName::parse("A[*]").unwrap().suffixes,
            [Suffix::Array(1)]
        );
        assert_eq!(
            TypeName::parse("A**").unwrap().suffixes,
            [Suffix::Pointer; 2]
        );
    }

    #[test]
    fn malformed_names() {
        for text in ["", "A[", "A[B", "A+", "A&*", "A]", "A[[B]", "A[x]y"] {
            assert_eq!(TypeName::parse(text), None, "{text}");
        }
        assert_eq!(TypeName::parse(&"A[".repeat(1000)), None);
    }
}
