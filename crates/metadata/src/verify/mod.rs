//! Verifies IL: the structural part (ECMA-335 III.1.7, III.1.8 and I.12.4.2).
//!
//! Checked are: decoding, branch targets, prefixes, numbers of locals and arguments, kinds of tokens, depth of the
//! stack at every instruction and where paths meet, `.maxstack`, backward branches, nesting and order of exception
//! clauses, how control enters and leaves them, the places of `leave`, `endfinally`, `endfilter`, `rethrow`, `jmp`,
//! `localloc`, `arglist` and `ret`, and that constructors call another constructor. Types are not checked: code that
//! passes can still be unsafe. One image is enough, since it holds the signatures of all that it calls.
//!
//! ```
//! use ferrocil_metadata::Image;
//! use ferrocil_metadata::builder::ImageBuilder;
//! use ferrocil_metadata::verify::{Rule, verify};
//!
//! let mut builder = ImageBuilder::new("bad");
//! let object = builder.type_ref("mscorlib", "System", "Object");
//! builder.class("", "C", object);
//! builder.static_method("M", &[0x00, 0, 0x01], &[0x26, 0x2A]); // void M(): pop; ret
//! let bytes = builder.build()?;
//!
//! let mut found = Vec::new();
//! verify(&Image::parse(&bytes)?, &mut |violation| found.push(violation));
//! assert_eq!((found[0].offset, found[0].rule), (0, Rule::StackUnderflow));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod effect;
mod flow;
mod marks;
mod method;
mod prefix;
mod regions;
mod rule;

pub use rule::Rule;

use core::fmt;

use crate::body::MethodBody;
use crate::verify::flow::Flow;
use crate::verify::marks::Marks;
use crate::verify::method::Method;
use crate::verify::regions::Regions;
use crate::{CodeType, Image, Metadata, Rid, TableId, Token};

/// A rule that a method breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Violation {
    /// The `MethodDef`.
    pub method: Rid,
    /// The instruction: bytes from the start of the code; 0 when it is about the whole method.
    pub offset: u32,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = Token::new(TableId::MethodDef, self.method);
        write!(f, "{method} IL_{:04x}: {}", self.offset, self.rule)
    }
}

/// What [`verify`] saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Methods with an IL body.
    pub bodies: u64,
    /// Methods that break a rule.
    pub bad_bodies: u64,
    /// Broken rules.
    pub violations: u64,
}

/// Where violations go.
type Report<'r> = &'r mut dyn FnMut(Violation);

/// Verifies every method body of an image and hands each violation to `report`.
pub fn verify(image: &Image<'_>, report: Report<'_>) -> Summary {
    let mut summary = Summary::default();
    for rid in image.rids(TableId::MethodDef) {
        let mut here = 0;
        let is_il = verify_method(image, rid, &mut |violation| {
            here += 1;
            report(violation);
        });
        summary.bodies += u64::from(is_il);
        summary.bad_bodies += u64::from(here != 0);
        summary.violations += here;
    }
    summary
}

/// Verifies one method; `false` when it has no IL.
pub fn verify_method(image: &Image<'_>, method_def: Rid, report: Report<'_>) -> bool {
    let Ok(row) = image.method_def(method_def) else {
        return false;
    };
    if row.rva == 0 || row.impl_flags.code_type() != CodeType::Il {
        return false;
    }
    match image.method_body(row.rva) {
        Ok(body) => verify_body(image, method_def, &body, report),
        Err(_) => report(Violation {
            method: method_def,
            offset: 0,
            rule: Rule::BadBody,
        }),
    }
    true
}

/// Verifies a body as that of a method.
pub fn verify_body(
    metadata: &Metadata<'_>,
    method_def: Rid,
    body: &MethodBody<'_>,
    report: Report<'_>,
) {
    let mut note = |offset, rule| {
        report(Violation {
            method: method_def,
            offset,
            rule,
        });
    };
    let method = match Method::new(metadata, method_def, body) {
        Ok(method) => method,
        Err(rule) => return note(0, rule),
    };
    let Some(marks) = Marks::new(body.code, &mut note) else {
        return;
    };
    let Some(regions) = Regions::new(body, &marks, &mut note) else {
        return;
    };
    Flow::new(metadata, &method, body, marks, &regions).run(&mut note);
}
