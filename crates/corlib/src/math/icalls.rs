//! Bindings of `System.Math` and `System.MathF`. Rust's float methods call the same
//! C library as Mono, so results agree bit by bit.

use crate::prelude::{IcallTable, Managed, Thread, icall};

macro_rules! unary {
    ($t:ty; $($name:ident = $method:ident),* $(,)?) => {
        $(fn $name(_t: &Thread, x: $t) -> Managed<$t> { Ok(x.$method()) })*
    };
}

unary!(f64;
    abs = abs, acos = acos, asin = asin, atan = atan, ceiling = ceil, cos = cos, cosh = cosh, exp = exp,
    floor = floor, log = ln, log10 = log10, round = round_ties_even, sin = sin, sinh = sinh, sqrt = sqrt,
    tan = tan, tanh = tanh, cbrt = cbrt,
);
unary!(f32;
    abs_f = abs, acos_f = acos, asin_f = asin, atan_f = atan, ceiling_f = ceil, cos_f = cos, cosh_f = cosh,
    exp_f = exp, floor_f = floor, log_f = ln, log10_f = log10, sin_f = sin, sinh_f = sinh, sqrt_f = sqrt,
    tan_f = tan, tanh_f = tanh, cbrt_f = cbrt,
);

/// Rust computes these three itself; Mono asks the C library.
macro_rules! c_library {
    ($($name:ident($t:ty) = $function:ident),* $(,)?) => {
        mod c {
            unsafe extern "C" { $(pub fn $function(x: $t) -> $t;)* }
        }
        $(fn $name(_t: &Thread, x: $t) -> Managed<$t> {
            // SAFETY: a pure function of the C library on numbers.
            Ok(unsafe { c::$function(x) })
        })*
    };
}

c_library!(
    acosh(f64) = acosh,
    asinh(f64) = asinh,
    atanh(f64) = atanh,
    acosh_f(f32) = acoshf,
    asinh_f(f32) = asinhf,
    atanh_f(f32) = atanhf,
);

fn atan2(_t: &Thread, y: f64, x: f64) -> Managed<f64> {
    Ok(y.atan2(x))
}

fn atan2_f(_t: &Thread, y: f32, x: f32) -> Managed<f32> {
    Ok(y.atan2(x))
}

fn pow(_t: &Thread, x: f64, y: f64) -> Managed<f64> {
    Ok(x.powf(y))
}

fn pow_f(_t: &Thread, x: f32, y: f32) -> Managed<f32> {
    Ok(x.powf(y))
}

fn fmod(_t: &Thread, x: f64, y: f64) -> Managed<f64> {
    Ok(x % y)
}

fn fmod_f(_t: &Thread, x: f32, y: f32) -> Managed<f32> {
    Ok(x % y)
}

/// Fraction as the result, whole part through the pointer; both keep the sign.
fn modf(_t: &Thread, x: f64, whole: *mut f64) -> Managed<f64> {
    let fraction = if x.is_infinite() {
        0.0_f64.copysign(x)
    } else {
        x.fract().copysign(x)
    };
    // SAFETY: managed code passes the address of a local.
    unsafe { whole.write(x.trunc()) };
    Ok(fraction)
}

fn modf_f(_t: &Thread, x: f32, whole: *mut f32) -> Managed<f32> {
    let fraction = if x.is_infinite() {
        0.0_f32.copysign(x)
    } else {
        x.fract().copysign(x)
    };
    // SAFETY: managed code passes the address of a local.
    unsafe { whole.write(x.trunc()) };
    Ok(fraction)
}

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Math")
        .add("Abs(double)", icall(abs))
        .add("Abs(single)", icall(abs_f))
        .add("Acos", icall(acos))
        .add("Acosh", icall(acosh))
        .add("Asin", icall(asin))
        .add("Asinh", icall(asinh))
        .add("Atan", icall(atan))
        .add("Atan2", icall(atan2))
        .add("Atanh", icall(atanh))
        .add("Cbrt", icall(cbrt))
        .add("Ceiling", icall(ceiling))
        .add("Cos", icall(cos))
        .add("Cosh", icall(cosh))
        .add("Exp", icall(exp))
        .add("FMod", icall(fmod))
        .add("Floor", icall(floor))
        .add("Log", icall(log))
        .add("Log10", icall(log10))
        .add("ModF", icall(modf))
        .add("Pow", icall(pow))
        .add("Round", icall(round))
        .add("Sin", icall(sin))
        .add("Sinh", icall(sinh))
        .add("Sqrt", icall(sqrt))
        .add("Tan", icall(tan))
        .add("Tanh", icall(tanh));
    table
        .class("System.MathF")
        .add("Acos", icall(acos_f))
        .add("Acosh", icall(acosh_f))
        .add("Asin", icall(asin_f))
        .add("Asinh", icall(asinh_f))
        .add("Atan", icall(atan_f))
        .add("Atan2", icall(atan2_f))
        .add("Atanh", icall(atanh_f))
        .add("Cbrt", icall(cbrt_f))
        .add("Ceiling", icall(ceiling_f))
        .add("Cos", icall(cos_f))
        .add("Cosh", icall(cosh_f))
        .add("Exp", icall(exp_f))
        .add("FMod", icall(fmod_f))
        .add("Floor", icall(floor_f))
        .add("Log", icall(log_f))
        .add("Log10", icall(log10_f))
        .add("ModF", icall(modf_f))
        .add("Pow", icall(pow_f))
        .add("Sin", icall(sin_f))
        .add("Sinh", icall(sinh_f))
        .add("Sqrt", icall(sqrt_f))
        .add("Tan", icall(tan_f))
        .add("Tanh", icall(tanh_f));
}
