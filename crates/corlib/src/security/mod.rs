//! Random bytes and the few security calls of the class library.

pub(crate) mod icalls;

/// Fills a buffer with random bytes of the system.
///
/// # Errors
/// When the system has none to give (never on a running Linux).
pub fn fill_random(buffer: &mut [u8]) -> Result<(), rustix::io::Errno> {
    let mut filled = 0;
    while filled < buffer.len() {
        match rustix::rand::getrandom(&mut buffer[filled..], rustix::rand::GetRandomFlags::empty())
        {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fill_random;

    #[test]
    fn random_bytes_differ() {
        let (mut a, mut b) = ([0; 600], [0; 600]);
        fill_random(&mut a).unwrap();
        fill_random(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
