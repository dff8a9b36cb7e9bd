//! Decimal digits of ordinary doubles by 128-bit arithmetic.
//!
//! mscorlib asks for 41 exact digits of every double it formats. Arbitrary-precision
//! division gives them in 1.5 µs; a double between 2⁻⁷¹ and 2¹²⁷ needs none, because
//! its integer part and its fraction (a multiple of 2⁻¹²⁴) each fit one `u128`.

/// Most digits that are generated here.
pub(super) const MAX_DIGITS: usize = 48;

/// Digits of a positive number, rounded half to even.
#[derive(Debug)]
pub(super) struct Digits {
    /// ASCII digits, the first not zero (but for the number zero).
    pub text: [u8; MAX_DIGITS],
    /// Power of ten of the first digit.
    pub exponent: i32,
}

/// Bits of a fraction that leave room to multiply by 10⁴.
const MAX_FRACTION_BITS: u32 = 114;

/// The first `count` digits of `value`, which is finite and not negative; `None` when
/// it is outside of the range that this method is for.
pub(super) fn digits(value: f64, count: usize) -> Option<Digits> {
    if count == 0 || count > MAX_DIGITS {
        return None;
    }
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i32;
    if biased == 0 {
        return (bits == 0).then_some(Digits {
            text: [b'0'; MAX_DIGITS],
            exponent: 0,
        });
    }
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let power = biased - 1075;
    let (integer, mut fraction, fraction_bits) = match u32::try_from(power) {
        Ok(shift) if shift <= 74 => (mantissa << shift, 0, 0),
        Ok(_) => return None,
        Err(_) => {
            let bits = power.unsigned_abs();
            if bits > MAX_FRACTION_BITS {
                return None;
            }
            (mantissa >> bits, mantissa & ((1 << bits) - 1), bits)
        }
    };
    let mut out = [b'0'; MAX_DIGITS];
    let mut length;
    let exponent;
    if integer != 0 {
        let mut all = [0; 40];
        let start = write_integer(integer, &mut all);
        let found = &all[start..];
        exponent = found.len() as i32 - 1;
        if found.len() > count {
            out[..count].copy_from_slice(&found[..count]);
            let rest = &found[count..];
            let beyond = rest[1..].iter().any(|&digit| digit != b'0') || fraction != 0;
            let up = rest[0] > b'5' || rest[0] == b'5' && (beyond || out[count - 1] & 1 == 1);
            return Some(round(out, count, exponent, up));
        }
        out[..found.len()].copy_from_slice(found);
        length = found.len();
    } else {
        // Skip the zeros behind the point.
        let mut zeros = 0;
        loop {
            fraction *= 10;
            let digit = fraction >> fraction_bits;
            zeros += 1;
            if digit != 0 {
                out[0] = b'0' + digit as u8;
                fraction &= (1 << fraction_bits) - 1;
                length = 1;
                break;
            }
        }
        exponent = -zeros;
    }
    while length < count && fraction != 0 {
        let left = count - length;
        if left >= 4 {
            fraction *= 10_000;
            let four = (fraction >> fraction_bits) as u32;
            fraction &= (1 << fraction_bits) - 1;
            let (high, low) = (four / 100, four % 100);
            for (place, pair) in [(0, high), (2, low)] {
                out[length + place] = b'0' + (pair / 10) as u8;
                out[length + place + 1] = b'0' + (pair % 10) as u8;
            }
            length += 4;
        } else {
            fraction *= 10;
            out[length] = b'0' + (fraction >> fraction_bits) as u8;
            fraction &= (1 << fraction_bits) - 1;
            length += 1;
        }
    }
    if fraction == 0 {
        return Some(Digits {
            text: out,
            exponent,
        });
    }
    let half = 1 << (fraction_bits - 1);
    let up = fraction > half || fraction == half && out[count - 1] & 1 == 1;
    Some(round(out, count, exponent, up))
}

/// Writes digits to the end of the buffer and gives the first one's place.
fn write_integer(mut value: u128, buffer: &mut [u8; 40]) -> usize {
    let mut at = buffer.len();
    // Two steps at most: the quotients by 10¹⁹ fit 64 bits for what remains.
    while value > u128::from(u64::MAX) {
        let mut low = (value % 10_000_000_000_000_000_000) as u64;
        value /= 10_000_000_000_000_000_000;
        for _ in 0..19 {
            at -= 1;
            buffer[at] = b'0' + (low % 10) as u8;
            low /= 10;
        }
    }
    let mut value = value as u64;
    loop {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return at;
        }
    }
}

fn round(mut text: [u8; MAX_DIGITS], count: usize, exponent: i32, up: bool) -> Digits {
    if !up {
        return Digits { text, exponent };
    }
    for digit in text[..count].iter_mut().rev() {
        if *digit != b'9' {
            *digit += 1;
            return Digits { text, exponent };
        }
        *digit = b'0';
    }
    text[0] = b'1';
    Digits {
        text,
        exponent: exponent + 1,
    }
}
