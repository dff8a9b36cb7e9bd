//! The verifier: one small bad body for each rule, and no false report in the class libraries.

mod support;

use std::collections::BTreeSet;

use ferrocil_metadata::builder::{BodyWriter, ImageBuilder, encode_locals};
use ferrocil_metadata::sig::TypeTree;
use ferrocil_metadata::verify::{Rule, Violation, verify};
use ferrocil_metadata::{
    BlobIndex, EhClause, EhKind, ElementType, FieldAttributes, Image, MemberRefRow,
    MethodAttributes, StandAloneSigRow, TableId, Token,
};

const VOID: u8 = 1;
const INT: u8 = 8;

/// What a case's code can name.
struct Names {
    object: Token,
    object_ctor: Token,
    instance_field: Token,
    /// `static void Callee(int32)`
    callee: Token,
    text: Token,
}

/// A method to verify: `static void M()` with two locals unless changed.
#[derive(Clone)]
struct Case {
    code: Vec<u8>,
    clauses: Vec<EhClause>,
    max_stack: u16,
    ret: u8,
    is_constructor: bool,
    bad_locals: bool,
}

fn case(code: &[u8]) -> Case {
    Case {
        code: code.to_vec(),
        clauses: Vec::new(),
        max_stack: 8,
        ret: VOID,
        is_constructor: false,
        bad_locals: false,
    }
}

impl Case {
    fn clause(mut self, kind: EhKind, block: (u32, u32), handler: (u32, u32)) -> Self {
        self.clauses.push(EhClause {
            kind,
            try_offset: block.0,
            try_len: block.1 - block.0,
            handler_offset: handler.0,
            handler_len: handler.1 - handler.0,
        });
        self
    }

    fn returns(mut self, ret: u8) -> Self {
        self.ret = ret;
        self
    }
}

/// Builds an image around the case, whose method is the last, and verifies that.
fn violations(make: &dyn Fn(&Names) -> Case) -> Vec<Violation> {
    let mut builder = ImageBuilder::new("case");
    let object = builder.type_ref("mscorlib", "System", "Object");
    let (name, signature) = (builder.string(".ctor"), builder.blob(&[0x20, 0, VOID]));
    let object_ctor = builder.add(&MemberRefRow {
        class: object,
        name,
        signature,
    });
    builder.class("", "C", object);
    let instance_field = builder.field("f", FieldAttributes::empty(), &[6, INT]);
    let callee = builder.static_method("Callee", &[0, 1, VOID, INT], &[0x2A]);
    let text = builder.user_string("text");
    let case = make(&Names {
        object,
        object_ctor,
        instance_field,
        callee,
        text,
    });
    let signature = if case.bad_locals {
        BlobIndex(0x00FF_FFFF)
    } else {
        builder.blob(&encode_locals(&[
            TypeTree::Primitive(ElementType::I4),
            TypeTree::Primitive(ElementType::Object),
        ]))
    };
    if case.bad_locals {
        builder.options(ferrocil_metadata::builder::BuildOptions {
            wide_heaps: true,
            ..Default::default()
        });
    }
    let local_sig = builder.add(&StandAloneSigRow { signature });
    let rva = builder.body(&BodyWriter {
        max_stack: case.max_stack,
        init_locals: true,
        local_sig,
        code: &case.code,
        clauses: &case.clauses,
    });
    let method = if case.is_constructor {
        let special = MethodAttributes::SPECIAL_NAME | MethodAttributes::RT_SPECIAL_NAME;
        builder.method(".ctor", special, &[0x20, 0, VOID], rva)
    } else {
        builder.method("M", MethodAttributes::STATIC, &[0, 0, case.ret], rva)
    };
    let bytes = builder.build().expect("the case fits");
    let image = Image::parse(&bytes).expect("the case is an image");
    let mut found = Vec::new();
    verify(&image, &mut |violation| found.push(violation));
    assert!(
        found
            .iter()
            .all(|violation| violation.method == method.rid())
    );
    found
}

fn op(opcode: &[u8], token: Token) -> Vec<u8> {
    [opcode, &token.0.to_le_bytes()].concat()
}

const CATCH: fn(&Names) -> EhKind = |names| EhKind::Catch(names.object);

type Make = Box<dyn Fn(&Names) -> Case>;

/// A rule, where it is broken, and by what.
type Golden = (Rule, u32, Make);

fn plain(rule: Rule, offset: u32, code: &'static [u8]) -> Golden {
    (rule, offset, Box::new(move |_| case(code)))
}

fn with(rule: Rule, offset: u32, make: impl Fn(&Names) -> Case + 'static) -> Golden {
    (rule, offset, Box::new(make))
}

/// `try { code } catch { pop; leave } ret`, with the code at 0.
fn tried(names: &Names, code: &[u8]) -> Case {
    let end = code.len() as u32;
    case(&[code, &[0x26, 0xDE, 0x00, 0x2A]].concat()).clause(CATCH(names), (0, end), (end, end + 3))
}

/// `try { nop; leave } catch { code }`, with the code at 3, then `ret`.
fn caught(names: &Names, code: &[u8]) -> Case {
    let end = 3 + code.len() as u32;
    let exit = u8::try_from(code.len()).expect("short");
    case(&[&[0x00, 0xDE, exit], code, &[0x2A]].concat()).clause(CATCH(names), (0, 3), (3, end))
}

fn goldens() -> Vec<Golden> {
    vec![
        with(Rule::BadBody, 0, |_| {
            case(&[0x00, 0x2A]).clause(EhKind::Catch(Token::NIL), (0, 1), (1, 2))
        }),
        with(Rule::BadSignature, 0, |_| Case {
            bad_locals: true,
            ..case(&[0x2A])
        }),
        plain(Rule::EmptyBody, 0, &[]),
        plain(Rule::UnknownOpcode, 1, &[0x00, 0x24, 0x2A]),
        plain(Rule::TruncatedInstruction, 1, &[0x00, 0x20, 1, 2]),
        plain(Rule::BranchOutsideCode, 0, &[0x2B, 0x20, 0x2A]),
        plain(
            Rule::BranchIntoInstruction,
            0,
            &[0x2B, 0x01, 0x1F, 0x00, 0x26, 0x2A],
        ),
        // br.s to the ldind.i4 behind volatile.
        plain(
            Rule::BranchPastPrefix,
            1,
            &[0x16, 0x2B, 0x02, 0xFE, 0x13, 0x4A, 0x26, 0x2A],
        ),
        plain(Rule::FallsOffEnd, 1, &[0x00, 0x00]),
        plain(Rule::StackUnderflow, 1, &[0x16, 0x58, 0x26, 0x2A]),
        with(Rule::StackOverflow, 1, |_| Case {
            max_stack: 1,
            ..case(&[0x16, 0x16, 0x58, 0x26, 0x2A])
        }),
        // brtrue.s over a ldc.i4.0.
        plain(Rule::StackDepthAtMerge, 4, &[0x16, 0x2D, 0x01, 0x16, 0x2A]),
        // br.s to the test; the body before it is reached only from behind, with a value on the stack.
        plain(
            Rule::BackwardBranchStack,
            5,
            &[0x2B, 0x02, 0x00, 0x2A, 0x16, 0x2B, 0xFB],
        ),
        plain(Rule::ReturnStack, 1, &[0x16, 0x2A]),
        with(Rule::ReturnInRegion, 0, |names| tried(names, &[0x2A])),
        with(Rule::ClauseBoundary, 1, |names| {
            case(&[0x1F, 0x00, 0x26, 0xDE, 0x03, 0x26, 0xDE, 0x00, 0x2A]).clause(
                CATCH(names),
                (1, 5),
                (5, 8),
            )
        }),
        with(Rule::ClauseEmpty, 0, |names| {
            case(&[0xDE, 0x03, 0x26, 0xDE, 0x00, 0x2A]).clause(CATCH(names), (0, 0), (2, 5))
        }),
        with(Rule::ClauseOverlap, 1, |names| {
            case(&[
                0x00, 0x00, 0x00, 0xDE, 0x03, 0x26, 0xDE, 0x00, 0x26, 0xDE, 0x00, 0x2A,
            ])
            .clause(CATCH(names), (0, 2), (5, 8))
            .clause(CATCH(names), (1, 5), (8, 11))
        }),
        with(Rule::ClauseTooDeep, 256, |_| {
            let mut deep = case(&[&[0x00; 258][..], &[0xDE, 0x00], &[0xDC; 258], &[0x2A]].concat());
            for level in 0..258_u32 {
                deep = deep.clause(
                    EhKind::Finally,
                    (257 - level, 260 + level),
                    (260 + level, 261 + level),
                );
            }
            deep
        }),
        // The outer clause is first.
        with(Rule::ClauseOrder, 0, |names| {
            case(&[
                0x00, 0xDE, 0x00, 0x26, 0xDE, 0x00, 0xDE, 0x03, 0x26, 0xDE, 0x00, 0x2A,
            ])
            .clause(CATCH(names), (0, 8), (8, 11))
            .clause(CATCH(names), (0, 3), (3, 6))
        }),
        with(Rule::TryEntryStack, 1, |names| {
            case(&[0x16, 0x26, 0xDE, 0x03, 0x26, 0xDE, 0x00, 0x2A]).clause(
                CATCH(names),
                (1, 4),
                (4, 7),
            )
        }),
        with(Rule::EntersTry, 0, |names| {
            case(&[0x2B, 0x01, 0x00, 0x00, 0xDE, 0x03, 0x26, 0xDE, 0x00, 0x2A]).clause(
                CATCH(names),
                (2, 6),
                (6, 9),
            )
        }),
        with(Rule::EntersHandler, 1, |names| {
            case(&[0x16, 0x2D, 0x03, 0x00, 0xDE, 0x03, 0x26, 0xDE, 0x00, 0x2A]).clause(
                CATCH(names),
                (3, 6),
                (6, 9),
            )
        }),
        with(Rule::LeavesRegion, 0, |names| tried(names, &[0x2B, 0x03])),
        with(Rule::FallsOutOfRegion, 0, |names| tried(names, &[0x00])),
        // try { leave } finally { leave }
        with(Rule::LeavePlacement, 2, |_| {
            case(&[0xDE, 0x02, 0xDE, 0x00, 0x2A]).clause(EhKind::Finally, (0, 2), (2, 4))
        }),
        plain(Rule::EndfinallyPlacement, 0, &[0xDC]),
        plain(Rule::EndfilterPlacement, 1, &[0x16, 0xFE, 0x11]),
        // A filter that leaves two values.
        with(Rule::EndfilterStack, 3, |_| {
            case(&[0xDE, 0x06, 0x16, 0xFE, 0x11, 0x26, 0xDE, 0x00, 0x2A]).clause(
                EhKind::Filter(2),
                (0, 2),
                (5, 8),
            )
        }),
        plain(Rule::RethrowPlacement, 0, &[0xFE, 0x1A]),
        with(Rule::JmpPlacement, 0, |names| {
            tried(names, &op(&[0x27], own()))
        }),
        with(Rule::JmpStack, 1, |_| {
            case(&[&[0x16][..], &op(&[0x27], own())].concat())
        }),
        with(Rule::JmpSignature, 0, |names| {
            case(&op(&[0x27], names.callee))
        }),
        with(Rule::LocallocPlacement, 5, |names| {
            caught(names, &[0x26, 0x16, 0xFE, 0x0F, 0x26, 0xDE, 0x00])
        }),
        plain(
            Rule::LocallocStack,
            2,
            &[0x16, 0x16, 0xFE, 0x0F, 0x26, 0x26, 0x2A],
        ),
        plain(Rule::ArglistPlacement, 0, &[0xFE, 0x00, 0x26, 0x2A]),
        plain(Rule::PrefixTarget, 0, &[0xFE, 0x13, 0x00, 0x2A]),
        plain(
            Rule::PrefixRepeated,
            3,
            &[0x16, 0xFE, 0x13, 0xFE, 0x13, 0x4A, 0x26, 0x2A],
        ),
        plain(
            Rule::UnalignedOperand,
            1,
            &[0x16, 0xFE, 0x12, 3, 0x4A, 0x26, 0x2A],
        ),
        with(Rule::TailNotReturn, 3, |names| {
            case(
                &[
                    &[0x16, 0xFE, 0x14][..],
                    &op(&[0x28], names.callee),
                    &[0x00, 0x2A],
                ]
                .concat(),
            )
        }),
        with(Rule::TailInRegion, 3, |names| {
            let call = [&[0x16, 0xFE, 0x14][..], &op(&[0x28], names.callee), &[0x2A]].concat();
            tried(names, &call)
        }),
        with(Rule::TailStack, 4, |names| {
            case(
                &[
                    &[0x16, 0x16, 0xFE, 0x14][..],
                    &op(&[0x28], names.callee),
                    &[0x2A],
                ]
                .concat(),
            )
            .returns(INT)
        }),
        plain(Rule::LocalIndex, 0, &[0x08, 0x26, 0x2A]),
        plain(Rule::ArgumentIndex, 0, &[0x02, 0x26, 0x2A]),
        with(Rule::TokenKind, 1, |names| {
            case(&[&[0x16][..], &op(&[0x28], names.object), &[0x2A]].concat())
        }),
        with(Rule::DanglingToken, 0, |_| {
            case(&[op(&[0x28], Token::new(TableId::MethodDef, 99)), vec![0x2A]].concat())
        }),
        with(Rule::NewobjNotConstructor, 1, |names| {
            case(&[&[0x16][..], &op(&[0x73], names.callee), &[0x26, 0x2A]].concat())
        }),
        with(Rule::VirtualStatic, 1, |names| {
            case(&[&[0x16][..], &op(&[0x6F], names.callee), &[0x2A]].concat())
        }),
        with(Rule::StaticFieldIsInstance, 0, |names| {
            case(&[&op(&[0x7E], names.instance_field)[..], &[0x26, 0x2A]].concat())
        }),
        with(Rule::ThisNotInitialized, 0, |_| Case {
            is_constructor: true,
            ..case(&[0x2A])
        }),
    ]
}

/// The token of the method under test, after `Callee`.
const fn own() -> Token {
    Token::new(TableId::MethodDef, 2)
}

#[test]
fn each_rule_is_found_where_it_is_broken() {
    let mut covered = BTreeSet::new();
    for (rule, offset, make) in goldens() {
        covered.insert(rule);
        let found = violations(&make);
        assert!(
            found
                .iter()
                .any(|violation| (violation.rule, violation.offset) == (rule, offset)),
            "{rule:?} at {offset}: {found:?}"
        );
    }
    let all: BTreeSet<Rule> = Rule::ALL.iter().copied().collect();
    assert_eq!(covered, all, "a golden case for each rule");
}

#[test]
fn correct_bodies_break_no_rule() {
    let good: Vec<Make> = vec![
        Box::new(|_| case(&[0x2A])),
        Box::new(|_| case(&[0x16, 0x2A]).returns(INT)),
        // for (;;) with the test behind the body.
        Box::new(|_| case(&[0x2B, 0x01, 0x00, 0x06, 0x2D, 0xFC, 0x2A])),
        // Dead code is not followed.
        Box::new(|_| case(&[0x2A, 0x26, 0x26, 0x2A])),
        // A leave from a handler back into its own block.
        Box::new(|names| caught(names, &[0x26, 0xDE, 0xFB])),
        Box::new(|names| caught(names, &[0xFE, 0x1A])),
        Box::new(|names| caught(names, &[0x7A])),
        // A filter, its handler, and a finally around both.
        Box::new(|_| {
            case(&[
                0xDE, 0x0A, 0x26, 0x16, 0xFE, 0x11, 0x26, 0xDE, 0x03, 0xDE, 0x01, 0xDC, 0x2A,
            ])
            .clause(EhKind::Filter(2), (0, 2), (6, 9))
            .clause(EhKind::Finally, (0, 11), (11, 12))
        }),
        Box::new(|names| {
            case(&[&[0x16, 0xFE, 0x14][..], &op(&[0x28], names.callee), &[0x2A]].concat())
        }),
        Box::new(|names| case(&[&op(&[0x72], names.text)[..], &[0x26, 0x2A]].concat())),
        // A constructor that calls another one on both paths.
        Box::new(|names| {
            let chain = [&[0x02][..], &op(&[0x28], names.object_ctor)].concat();
            Case {
                is_constructor: true,
                ..case(&[&[0x16, 0x2D, 0x07][..], &chain, &[0x2A], &chain, &[0x2A]].concat())
            }
        }),
    ];
    for (number, make) in good.iter().enumerate() {
        assert_eq!(violations(make), [], "body {number}");
    }
}

/// Violations of real code, each looked at: `stackalloc` as an argument of a call, with the object already on the
/// stack, which III.3.47 forbids and every runtime accepts.
const KNOWN: [(&str, u32); 2] = [
    ("System.Net.Http.dll", 0x44B),
    ("System.Security.dll", 0xBE),
];

#[test]
fn the_class_libraries_break_no_rule() {
    for folder in support::libraries() {
        let (mut bodies, mut found) = (0, 0);
        for (path, bytes) in support::assemblies(&folder) {
            let Ok(image) = Image::parse(&bytes) else {
                continue;
            };
            let summary = verify(&image, &mut |violation| {
                let file = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or("");
                let is_known = KNOWN.contains(&(file, violation.method))
                    && violation.rule == Rule::LocallocStack;
                if is_known {
                    return;
                }
                found += 1;
                if found < 100 {
                    let row = image.method_def(violation.method).expect("a row");
                    println!(
                        "{}: {violation} {}",
                        path.display(),
                        image.string(row.name).unwrap_or("?")
                    );
                }
            });
            bodies += summary.bodies;
        }
        println!("{}: {bodies} bodies, {found} violations", folder.display());
        assert_eq!(found, 0);
    }
}
