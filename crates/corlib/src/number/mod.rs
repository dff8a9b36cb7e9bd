//! Formatting of floating-point numbers for `System.Number`.
//!
//! mscorlib formats doubles from C's `%.<digits>e` text (`Interop.Sys.DoubleToString`)
//! and parses that text; it never asks for another conversion.

mod digits;
pub(crate) mod icalls;
/// A `%.<precision>e` format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExponentFormat {
    /// Digits behind the point.
    pub precision: usize,
}

/// Most digits behind the point that are honoured.
const MAX_PRECISION: usize = 1100;

impl ExponentFormat {
    /// Parses `%.<digits>e`; `None` for every other format.
    #[must_use]
    pub fn parse(format: &[u8]) -> Option<ExponentFormat> {
        let digits = format.strip_prefix(b"%.")?.strip_suffix(b"e")?;
        let precision: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        (precision <= MAX_PRECISION).then_some(ExponentFormat { precision })
    }

    /// The text C prints: exact digits, rounded to even, exponent with sign and two digits.
    #[must_use]
    pub fn format(self, value: f64) -> String {
        let sign = if value.is_sign_negative() { "-" } else { "" };
        if value.is_nan() {
            return format!("{sign}nan");
        }
        if value.is_infinite() {
            return format!("{sign}inf");
        }
        if let Some(found) = digits::digits(value.abs(), self.precision + 1) {
            return self.lay_out(sign, &found.text[..=self.precision], found.exponent);
        }
        let text = format!("{:.*e}", self.precision, value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        match exponent.strip_prefix('-') {
            Some(digits) => format!("{mantissa}e-{digits:0>2}"),
            None => format!("{mantissa}e+{exponent:0>2}"),
        }
    }

    fn lay_out(self, sign: &str, digits: &[u8], exponent: i32) -> String {
        let mut text = String::with_capacity(digits.len() + 8);
        text.push_str(sign);
        let mut digits = digits.iter().map(|&digit| char::from(digit));
        text.extend(digits.next());
        if self.precision > 0 {
            text.push('.');
            text.extend(digits);
        }
        text.push_str(if exponent < 0 { "e-" } else { "e+" });
        // Numbers of this path have exponents of two digits.
        let exponent = exponent.unsigned_abs() as u8;
        text.push(char::from(b'0' + exponent / 10));
        text.push(char::from(b'0' + exponent % 10));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c_text(precision: i32, value: f64) -> String {
        let mut buffer = [0u8; 1600];
        // SAFETY: the buffer's length is passed, and the format takes an int and a double.
        let length = unsafe {
            libc::snprintf(
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                c"%.*e".as_ptr(),
                precision,
                value,
            )
        };
        String::from_utf8(buffer[..usize::try_from(length).unwrap()].to_vec()).unwrap()
    }

    #[test]
    fn the_text_is_the_c_library_s() {
        let values = [
            0.0,
            -0.0,
            1.0,
            0.1,
            2.5,
            0.5,
            1.5,
            1e-7,
            1e300,
            -1e-300,
            4.9e-324,
            f64::MAX,
            f64::MIN_POSITIVE,
            123_456_789.125,
            0.125,
            1.25e15,
            f64::INFINITY,
            f64::NEG_INFINITY,
            9.5,
            8.5,
            6.25,
            0.375,
        ];
        for value in values {
            for precision in [0, 1, 2, 6, 14, 16, 40] {
                assert_eq!(
                    ExponentFormat { precision }.format(value),
                    c_text(precision as i32, value),
                    "{value} with {precision}"
                );
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn ordinary_doubles_agree_with_the_c_library(mantissa: i64, power in -75i32..80, precision in 0usize..47) {
            let value = mantissa as f64 * f64::from(power).exp2();
            proptest::prop_assert_eq!(ExponentFormat { precision }.format(value), c_text(precision as i32, value));
        }

        #[test]
        fn ties_agree_with_the_c_library(quarters in 0u64..4_000_000, precision in 0usize..8) {
            let value = quarters as f64 * 0.25;
            proptest::prop_assert_eq!(ExponentFormat { precision }.format(value), c_text(precision as i32, value));
        }

        #[test]
        fn every_double_agrees_with_the_c_library(bits: u64, precision in 0usize..42) {
            let value = f64::from_bits(bits);
            proptest::prop_assert_eq!(ExponentFormat { precision }.format(value), c_text(precision as i32, value));
        }
    }

    #[test]
    fn only_exponent_formats_parse() {
        assert_eq!(
            ExponentFormat::parse(b"%.40e"),
            Some(ExponentFormat { precision: 40 })
        );
        for bad in [
            &b"%.e"[..],
            b"%40e",
            b"%.40f",
            b"%.99999e",
            b"%s",
            b"",
            b"%.-1e",
        ] {
            assert_eq!(ExponentFormat::parse(bad), None);
        }
    }
}
