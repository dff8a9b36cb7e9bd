//! SHA-1 (RFC 3174), for public key tokens only. Not for security.

const INITIAL: [u32; 5] = [
    0x6745_2301,
    0xEFCD_AB89,
    0x98BA_DCFE,
    0x1032_5476,
    0xC3D2_E1F0,
];
const BLOCK: usize = 64;

pub(crate) fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state = INITIAL;
    let (blocks, tail) = message.as_chunks::<BLOCK>();
    for block in blocks {
        compress(&mut state, block);
    }
    // The tail, a one bit, zeros and the length in bits fill one or two more blocks.
    let mut last = [0; 2 * BLOCK];
    let used = if tail.len() + 9 <= BLOCK {
        BLOCK
    } else {
        2 * BLOCK
    };
    let bits = (message.len() as u64).wrapping_mul(8).to_be_bytes();
    let padding = tail
        .iter()
        .copied()
        .chain([0x80])
        .chain(core::iter::repeat(0))
        .take(used - bits.len());
    for (slot, byte) in last.iter_mut().zip(padding.chain(bits)) {
        *slot = byte;
    }
    for block in last.as_chunks::<BLOCK>().0.iter().take(used / BLOCK) {
        compress(&mut state, block);
    }
    let mut digest = [0; 20];
    for (slot, byte) in digest
        .iter_mut()
        .zip(state.iter().flat_map(|word| word.to_be_bytes()))
    {
        *slot = byte;
    }
    digest
}

fn compress(state: &mut [u32; 5], block: &[u8; BLOCK]) {
    let mut schedule = [0_u32; 80];
    for (word, bytes) in schedule.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for round in 16..80 {
        let mixed =
            schedule[round - 3] ^ schedule[round - 8] ^ schedule[round - 14] ^ schedule[round - 16];
        schedule[round] = mixed.rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (round, word) in schedule.iter().enumerate() {
        let (choice, constant) = match round / 20 {
            0 => ((b & c) | (!b & d), 0x5A82_7999),
            1 => (b ^ c ^ d, 0x6ED9_EBA1),
            2 => ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC_u32),
            _ => (b ^ c ^ d, 0xCA62_C1D6),
        };
        let next = a
            .rotate_left(5)
            .wrapping_add(choice)
            .wrapping_add(e)
            .wrapping_add(constant)
            .wrapping_add(*word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (slot, value) in state.iter_mut().zip([a, b, c, d, e]) {
        *slot = slot.wrapping_add(value);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::sha1;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn vectors_of_the_rfc() {
        assert_eq!(hex(&sha1(b"")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(
            hex(&sha1(b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(
            hex(&sha1(two_blocks)),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert_eq!(
            hex(&sha1(&[b'a'; 1_000_000])),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
        );
    }
}
