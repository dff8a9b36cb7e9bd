//! Sweeps of arithmetic and conversions against Rust's.

mod support;

use ferrocil_jit::Tier;
use ferrocil_jit::host::{MethodHandle, ThrowKind, TypeHandle};
use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::Opcode as O;
use support::{Il, Machine, Outcome, Sig, T};

const I32S: [i32; 12] = [
    0,
    1,
    -1,
    2,
    -2,
    7,
    -7,
    100,
    i32::MAX,
    i32::MIN,
    i32::MAX - 1,
    0x1234_5678,
];
const I64S: [i64; 12] = [
    0,
    1,
    -1,
    3,
    -3,
    1 << 31,
    -(1 << 31) - 1,
    1 << 40,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
    0x1234_5678_9abc_def0,
];
const F64S: [f64; 22] = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    127.9,
    128.0,
    -128.9,
    -129.0,
    255.5,
    65535.9,
    2147483647.5,
    2147483648.0,
    -2147483648.5,
    -2147483649.0,
    4294967295.5,
    9.3e18,
    -9.3e18,
    1.9e19,
    f64::NAN,
    f64::INFINITY,
];

/// Builds `ret (params) { return body }`, bare or inside a try block.
fn method(
    m: &Machine,
    params: &[TypeHandle],
    ret: TypeHandle,
    ops: &[O],
    protected: bool,
) -> MethodHandle {
    let mut il = Il::new();
    let done = il.label();
    for n in 0..params.len() {
        il.arg(n as u16);
    }
    il.ops(ops);
    if protected {
        il.set(0);
        il.br(O::Leave, done);
        let end = il.here();
        il.op(O::Endfinally);
        let after = il.here();
        il.clause(EhKind::Finally, (0, end), (end, after));
        il.bind(done);
        il.loc(0);
    }
    il.op(O::Ret);
    let method = m.method(Sig::fixed(params, ret), &[ret], il.finish());
    m.compile(method);
    method
}

fn each(mut test: impl FnMut(&Machine, bool)) {
    for tier in [Tier::Quick, Tier::Optimized] {
        for protected in [false, true] {
            let m = Machine::new(tier);
            test(&m, protected);
        }
    }
}

fn thrown(kind: ThrowKind) -> Outcome {
    Err(Machine::exception(kind))
}

type Binary32 = (O, fn(i32, i32) -> Result<i32, ThrowKind>);
type Floats = (O, fn(f64, f64) -> f64);
type FloatCompare = (O, fn(f64, f64) -> bool);
type FromFloat = (O, T2, fn(f64) -> u64);
type FromInteger = (O, T2, fn(i64) -> u64);
type Binary64 = (O, fn(i64, i64) -> Result<i64, ThrowKind>);

macro_rules! binary_table {
    ($ty:ty, $uty:ty) => {
        &[
            (O::Add, |a, b| Ok(a.wrapping_add(b))),
            (O::Sub, |a, b| Ok(a.wrapping_sub(b))),
            (O::Mul, |a, b| Ok(a.wrapping_mul(b))),
            (O::And, |a, b| Ok(a & b)),
            (O::Or, |a, b| Ok(a | b)),
            (O::Xor, |a, b| Ok(a ^ b)),
            (O::AddOvf, |a, b| {
                a.checked_add(b).ok_or(ThrowKind::Overflow)
            }),
            (O::SubOvf, |a, b| {
                a.checked_sub(b).ok_or(ThrowKind::Overflow)
            }),
            (O::MulOvf, |a, b| {
                a.checked_mul(b).ok_or(ThrowKind::Overflow)
            }),
            (O::AddOvfUn, |a, b| {
                (a as $uty)
                    .checked_add(b as $uty)
                    .map(|x| x as $ty)
                    .ok_or(ThrowKind::Overflow)
            }),
            (O::SubOvfUn, |a, b| {
                (a as $uty)
                    .checked_sub(b as $uty)
                    .map(|x| x as $ty)
                    .ok_or(ThrowKind::Overflow)
            }),
            (O::MulOvfUn, |a, b| {
                (a as $uty)
                    .checked_mul(b as $uty)
                    .map(|x| x as $ty)
                    .ok_or(ThrowKind::Overflow)
            }),
            (O::Div, |a, b| {
                if b == 0 {
                    Err(ThrowKind::DivideByZero)
                } else {
                    a.checked_div(b).ok_or(ThrowKind::Overflow)
                }
            }),
            (O::Rem, |a, b| {
                if b == 0 {
                    Err(ThrowKind::DivideByZero)
                } else {
                    a.checked_rem(b).ok_or(ThrowKind::Overflow)
                }
            }),
            (O::DivUn, |a, b| {
                (a as $uty)
                    .checked_div(b as $uty)
                    .map(|x| x as $ty)
                    .ok_or(ThrowKind::DivideByZero)
            }),
            (O::RemUn, |a, b| {
                (a as $uty)
                    .checked_rem(b as $uty)
                    .map(|x| x as $ty)
                    .ok_or(ThrowKind::DivideByZero)
            }),
            (O::Ceq, |a, b| Ok((a == b).into())),
            (O::Cgt, |a, b| Ok((a > b).into())),
            (O::CgtUn, |a, b| Ok((a as $uty > b as $uty).into())),
            (O::Clt, |a, b| Ok((a < b).into())),
            (O::CltUn, |a, b| Ok(((a as $uty) < b as $uty).into())),
        ]
    };
}

const BINARY32: &[Binary32] = binary_table!(i32, u32);
const BINARY64: &[Binary64] = binary_table!(i64, u64);

#[test]
fn binary_i32() {
    each(|m, protected| {
        for (op, expected) in BINARY32 {
            let f = method(m, &[T::I4, T::I4], T::I4, &[*op], protected);
            for a in I32S {
                for b in I32S {
                    let got = m
                        .run(f, &[a as u32 as u64, b as u32 as u64])
                        .map(|r| r as i32);
                    assert_eq!(
                        got,
                        expected(a, b).map_err(Machine::exception),
                        "{a} {op:?} {b}"
                    );
                }
            }
        }
    });
}

#[test]
fn binary_i64() {
    each(|m, protected| {
        for (op, expected) in BINARY64 {
            let compares = matches!(op, O::Ceq | O::Cgt | O::CgtUn | O::Clt | O::CltUn);
            let ret = if compares { T::I4 } else { T::I8 };
            let f = method(m, &[T::I8, T::I8], ret, &[*op], protected);
            for a in I64S {
                for b in I64S {
                    let got = m.run(f, &[a as u64, b as u64]).map(|r| r as i64);
                    assert_eq!(
                        got,
                        expected(a, b).map_err(Machine::exception),
                        "{a} {op:?} {b}"
                    );
                }
            }
        }
    });
}

#[test]
fn shifts() {
    each(|m, protected| {
        for op in [O::Shl, O::Shr, O::ShrUn] {
            let f = method(m, &[T::I4, T::I4], T::I4, &[op], protected);
            let g = method(m, &[T::I8, T::I4], T::I8, &[op], protected);
            for count in 0..64u32 {
                for a in I32S {
                    if count >= 32 {
                        continue;
                    }
                    let want = match op {
                        O::Shl => a << count,
                        O::Shr => a >> count,
                        _ => (a as u32 >> count) as i32,
                    };
                    assert_eq!(
                        m.run(f, &[a as u32 as u64, u64::from(count)])
                            .map(|r| r as i32),
                        Ok(want)
                    );
                }
                for a in I64S {
                    let want = match op {
                        O::Shl => a << count,
                        O::Shr => a >> count,
                        _ => (a as u64 >> count) as i64,
                    };
                    assert_eq!(
                        m.run(g, &[a as u64, u64::from(count)]).map(|r| r as i64),
                        Ok(want)
                    );
                }
            }
        }
    });
}

#[test]
fn floats() {
    each(|m, protected| {
        let table: [Floats; 5] = [
            (O::Add, |a, b| a + b),
            (O::Sub, |a, b| a - b),
            (O::Mul, |a, b| a * b),
            (O::Div, |a, b| a / b),
            (O::Rem, |a, b| a % b),
        ];
        for (op, want) in table {
            let f = method(m, &[T::R8, T::R8], T::R8, &[op], protected);
            for a in F64S {
                for b in F64S {
                    let got =
                        f64::from_bits(m.run(f, &[a.to_bits(), b.to_bits()]).expect("a value"));
                    let want = want(a, b);
                    assert!(
                        got == want || (got.is_nan() && want.is_nan()),
                        "{a} {op:?} {b}: {got} {want}"
                    );
                }
            }
        }
        let compares: [FloatCompare; 5] = [
            (O::Ceq, |a, b| a == b),
            (O::Cgt, |a, b| a > b),
            (O::CgtUn, |a, b| a > b || a.is_nan() || b.is_nan()),
            (O::Clt, |a, b| a < b),
            (O::CltUn, |a, b| a < b || a.is_nan() || b.is_nan()),
        ];
        for (op, want) in compares {
            let f = method(m, &[T::R8, T::R8], T::I4, &[op], protected);
            for a in F64S {
                for b in F64S {
                    assert_eq!(
                        m.run(f, &[a.to_bits(), b.to_bits()]),
                        Ok(want(a, b).into()),
                        "{a} {op:?} {b}"
                    );
                }
            }
        }
        let single = method(m, &[T::R4, T::R4], T::R4, &[O::Add], protected);
        let got = m.run(
            single,
            &[u64::from(1.5f32.to_bits()), u64::from(2.25f32.to_bits())],
        );
        assert_eq!(got.map(|r| f32::from_bits(r as u32)), Ok(3.75));
        let finite = method(m, &[T::R8], T::R8, &[O::Ckfinite], protected);
        assert_eq!(m.run(finite, &[2.5f64.to_bits()]), Ok(2.5f64.to_bits()));
        assert_eq!(
            m.run(finite, &[f64::NAN.to_bits()]),
            thrown(ThrowKind::Arithmetic)
        );
        assert_eq!(
            m.run(finite, &[f64::NEG_INFINITY.to_bits()]),
            thrown(ThrowKind::Arithmetic)
        );
    });
}

#[test]
fn checked_integer_conversions() {
    let table: [(O, T2, i128, i128, bool); 20] = [
        (O::ConvOvfI1, T::I1, -128, 127, false),
        (O::ConvOvfU1, T::U1, 0, 255, false),
        (O::ConvOvfI2, T::I2, -32768, 32767, false),
        (O::ConvOvfU2, T::U2, 0, 65535, false),
        (
            O::ConvOvfI4,
            T::I4,
            i32::MIN as i128,
            i32::MAX as i128,
            false,
        ),
        (O::ConvOvfU4, T::U4, 0, u32::MAX as i128, false),
        (
            O::ConvOvfI8,
            T::I8,
            i64::MIN as i128,
            i64::MAX as i128,
            false,
        ),
        (O::ConvOvfU8, T::U8, 0, u64::MAX as i128, false),
        (O::ConvOvfI, T::I, i64::MIN as i128, i64::MAX as i128, false),
        (O::ConvOvfU, T::U, 0, u64::MAX as i128, false),
        (O::ConvOvfI1Un, T::I1, -128, 127, true),
        (O::ConvOvfU1Un, T::U1, 0, 255, true),
        (O::ConvOvfI2Un, T::I2, -32768, 32767, true),
        (O::ConvOvfU2Un, T::U2, 0, 65535, true),
        (
            O::ConvOvfI4Un,
            T::I4,
            i32::MIN as i128,
            i32::MAX as i128,
            true,
        ),
        (O::ConvOvfU4Un, T::U4, 0, u32::MAX as i128, true),
        (
            O::ConvOvfI8Un,
            T::I8,
            i64::MIN as i128,
            i64::MAX as i128,
            true,
        ),
        (O::ConvOvfU8Un, T::U8, 0, u64::MAX as i128, true),
        (
            O::ConvOvfIUn,
            T::I,
            i64::MIN as i128,
            i64::MAX as i128,
            true,
        ),
        (O::ConvOvfUUn, T::U, 0, u64::MAX as i128, true),
    ];
    each(|m, protected| {
        for (op, ty, low, high, unsigned) in table {
            let f = method(m, &[T::I4], ty, &[op], protected);
            let g = method(m, &[T::I8], ty, &[op], protected);
            let check = |got: Outcome, value: i128, from: &str| {
                if (low..=high).contains(&value) {
                    assert_eq!(got, Ok(value as u64), "{op:?} {value} from {from}");
                } else {
                    assert_eq!(
                        got,
                        thrown(ThrowKind::Overflow),
                        "{op:?} {value} from {from}"
                    );
                }
            };
            for a in I32S
                .into_iter()
                .chain([127, 128, -128, -129, 255, 256, 65535, 65536])
            {
                let value = if unsigned {
                    i128::from(a as u32)
                } else {
                    i128::from(a)
                };
                check(m.run(f, &[a as u32 as u64]), value, "i4");
            }
            for a in I64S
                .into_iter()
                .chain([127, 128, -129, 255, 256, 65536, u32::MAX.into()])
            {
                let value = if unsigned {
                    i128::from(a as u64)
                } else {
                    i128::from(a)
                };
                check(m.run(g, &[a as u64]), value, "i8");
            }
            if unsigned {
                continue;
            }
            let h = method(m, &[T::R8], ty, &[op], protected);
            for x in F64S {
                let t = x.trunc();
                let fits = !x.is_nan()
                    && t >= low as f64
                    && (t < high as f64 || t as i128 == high && (high as f64) as i128 == high);
                let got = m.run(h, &[x.to_bits()]);
                if fits {
                    assert_eq!(got, Ok(t as i128 as u64), "{op:?} {x}");
                } else {
                    assert_eq!(got, thrown(ThrowKind::Overflow), "{op:?} {x}");
                }
            }
        }
    });
}

type T2 = TypeHandle;

/// `cvttsd2si` of x86-64.
fn cvt64(x: f64) -> i64 {
    if x.is_nan() || x >= 9223372036854775808.0 {
        i64::MIN
    } else {
        x as i64
    }
}

fn cvt32(x: f64) -> i32 {
    if x.is_nan() || x >= 2147483648.0 {
        i32::MIN
    } else {
        x as i32
    }
}

#[test]
fn float_to_integer() {
    each(|m, protected| {
        let table: [FromFloat; 8] = [
            (O::ConvI1, T::I4, |x| cvt32(x) as i8 as u64),
            (O::ConvU1, T::I4, |x| u64::from(cvt32(x) as u8)),
            (O::ConvI2, T::I4, |x| cvt32(x) as i16 as u64),
            (O::ConvU2, T::I4, |x| u64::from(cvt32(x) as u16)),
            (O::ConvI4, T::I4, |x| cvt32(x) as u64),
            (O::ConvU4, T::U4, |x| u64::from(cvt64(x) as u32)),
            (O::ConvI8, T::I8, |x| cvt64(x) as u64),
            (O::ConvI, T::I, |x| cvt64(x) as u64),
        ];
        for (op, ty, want) in table {
            let f = method(m, &[T::R8], ty, &[op], protected);
            let g = method(m, &[T::R4], ty, &[op], protected);
            for x in F64S {
                assert_eq!(m.run(f, &[x.to_bits()]), Ok(want(x)), "{op:?} {x}");
                let y = x as f32;
                assert_eq!(
                    m.run(g, &[u64::from(y.to_bits())]),
                    Ok(want(f64::from(y))),
                    "{op:?} {y}"
                );
            }
        }
    });
}

#[test]
fn integer_conversions() {
    each(|m, protected| {
        let table: [FromInteger; 8] = [
            (O::ConvI1, T::I4, |x| x as i8 as u64),
            (O::ConvU1, T::I4, |x| u64::from(x as u8)),
            (O::ConvI2, T::I4, |x| x as i16 as u64),
            (O::ConvU2, T::I4, |x| u64::from(x as u16)),
            (O::ConvI4, T::I4, |x| x as i32 as u64),
            (O::ConvU4, T::U4, |x| u64::from(x as u32)),
            (O::ConvI8, T::I8, |x| x as u64),
            (O::ConvR8, T::R8, |x| (x as f64).to_bits()),
        ];
        for (op, ty, want) in table {
            let f = method(m, &[T::I8], ty, &[op], protected);
            let g = method(m, &[T::I4], ty, &[op], protected);
            for x in I64S {
                assert_eq!(m.run(f, &[x as u64]), Ok(want(x)), "{op:?} {x}");
                let y = x as i32;
                assert_eq!(
                    m.run(g, &[y as u32 as u64]),
                    Ok(want(i64::from(y))),
                    "{op:?} {y}"
                );
            }
        }
        let f = method(m, &[T::I4], T::I8, &[O::ConvU8], protected);
        assert_eq!(m.run(f, &[0xffff_ffff]), Ok(0xffff_ffff));
        let f = method(m, &[T::I8], T::R8, &[O::ConvRUn], protected);
        assert_eq!(m.run(f, &[u64::MAX]), Ok((u64::MAX as f64).to_bits()));
        // Narrow results are extended by their type.
        let f = method(m, &[T::I4], T::U1, &[], protected);
        assert_eq!(m.run(f, &[0x1ff]), Ok(0xff));
        let f = method(m, &[T::I4], T::I2, &[], protected);
        assert_eq!(m.run(f, &[0x8000]), Ok(-32768i64 as u64));
        let f = method(m, &[T::I1], T::I4, &[], protected);
        assert_eq!(m.run(f, &[0x80]), Ok(-128i64 as u64));
        for op in [O::Neg, O::Not] {
            let f = method(m, &[T::I8], T::I8, &[op], protected);
            let want = if op == O::Neg { -5i64 } else { !5 };
            assert_eq!(m.run(f, &[5]), Ok(want as u64));
        }
    });
}
