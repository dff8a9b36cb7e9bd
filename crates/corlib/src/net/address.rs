//! Socket addresses between `System.Net.SocketAddress` bytes and the system's form.
//!
//! Both begin with the family (managed numbers, little-endian) and port; managed
//! IPv6 addresses have the system's layout too.

use super::SocketError;

/// `AddressFamily.Unix`, `InterNetwork`, `InterNetworkV6`.
const MANAGED_UNIX: u16 = 1;
const MANAGED_V4: u16 = 2;
const MANAGED_V6: u16 = 23;

/// The system's number of a managed address family.
#[must_use]
pub fn family_to_system(family: i32) -> Option<i32> {
    match u16::try_from(family).ok()? {
        0 => Some(libc::AF_UNSPEC),
        MANAGED_UNIX => Some(libc::AF_UNIX),
        MANAGED_V4 => Some(libc::AF_INET),
        MANAGED_V6 => Some(libc::AF_INET6),
        _ => None,
    }
}

/// An address in the system's form.
#[derive(Clone, Copy)]
pub struct SocketAddress {
    storage: libc::sockaddr_storage,
    length: libc::socklen_t,
}

impl std::fmt::Debug for SocketAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SocketAddress({:?})", self.bytes())
    }
}

impl SocketAddress {
    /// Room for an address that the system fills in.
    #[must_use]
    pub fn empty() -> SocketAddress {
        // SAFETY: plain numbers; all zeros are valid.
        let storage = unsafe { std::mem::zeroed() };
        SocketAddress {
            storage,
            length: size_of::<libc::sockaddr_storage>() as libc::socklen_t,
        }
    }

    /// Reads managed bytes.
    ///
    /// # Errors
    /// `NO_FAMILY` for families this runtime does not know, `FAULT` for bytes that are too few or too many.
    pub fn from_managed(bytes: &[u8]) -> Result<SocketAddress, SocketError> {
        let family = bytes
            .first_chunk()
            .map(|&family| u16::from_le_bytes(family))
            .ok_or(SocketError::FAULT)?;
        let mut system = [0; size_of::<libc::sockaddr_storage>()];
        let (number, length) = match family {
            MANAGED_V4 => {
                system[2..8].copy_from_slice(bytes.get(2..8).ok_or(SocketError::FAULT)?);
                (libc::AF_INET, size_of::<libc::sockaddr_in>())
            }
            MANAGED_V6 => {
                system[2..28].copy_from_slice(bytes.get(2..28).ok_or(SocketError::FAULT)?);
                // Flow information is not Mono's to set.
                system[4..8].fill(0);
                (libc::AF_INET6, size_of::<libc::sockaddr_in6>())
            }
            MANAGED_UNIX => {
                let path = &bytes[2..];
                if path.len() > size_of::<libc::sockaddr_un>() - 2 {
                    return Err(SocketError::FAULT);
                }
                system[2..2 + path.len()].copy_from_slice(path);
                (libc::AF_UNIX, path.len() + 2)
            }
            _ => return Err(SocketError::NO_FAMILY),
        };
        system[..2].copy_from_slice(&(number as libc::sa_family_t).to_ne_bytes());
        // SAFETY: `sockaddr_storage` is plain data of this very size.
        let storage = unsafe {
            std::mem::transmute::<[u8; size_of::<libc::sockaddr_storage>()], libc::sockaddr_storage>(
                system,
            )
        };
        Ok(SocketAddress {
            storage,
            length: length as libc::socklen_t,
        })
    }

    /// Managed bytes, as `SocketAddress.Buffer` wants them.
    ///
    /// # Errors
    /// `NO_FAMILY` for families that managed code does not know.
    pub fn to_managed(self) -> Result<Vec<u8>, SocketError> {
        let system = self.bytes();
        let family = match i32::from(self.storage.ss_family) {
            libc::AF_INET => MANAGED_V4,
            libc::AF_INET6 => MANAGED_V6,
            libc::AF_UNIX => MANAGED_UNIX,
            _ => return Err(SocketError::NO_FAMILY),
        };
        let mut bytes = family.to_le_bytes().to_vec();
        bytes.extend_from_slice(system.get(2..).unwrap_or(&[]));
        if family == MANAGED_V6 {
            bytes[4..8].fill(0);
        }
        Ok(bytes)
    }

    fn bytes(&self) -> &[u8] {
        let length = (self.length as usize).min(size_of::<libc::sockaddr_storage>());
        // SAFETY: the storage is plain data, and at least this long.
        unsafe { std::slice::from_raw_parts((&raw const self.storage).cast(), length) }
    }

    /// For calls that read the address.
    pub(super) fn as_ptr(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        ((&raw const self.storage).cast(), self.length)
    }

    /// For calls that write the address.
    pub(super) fn as_mut_ptr(&mut self) -> (*mut libc::sockaddr, &mut libc::socklen_t) {
        ((&raw mut self.storage).cast(), &mut self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_both_ways() {
        let v4 = [2, 0, 0x1f, 0x90, 127, 0, 0, 1];
        let system = SocketAddress::from_managed(&v4).unwrap();
        assert_eq!(i32::from(system.storage.ss_family), libc::AF_INET);
        assert_eq!(&system.to_managed().unwrap()[..8], v4);
        let mut v6 = vec![23, 0, 0, 80, 0, 0, 0, 0];
        v6.extend([0; 15]);
        v6.extend([1, 5, 0, 0, 0]);
        let system = SocketAddress::from_managed(&v6).unwrap();
        assert_eq!(i32::from(system.storage.ss_family), libc::AF_INET6);
        assert_eq!(system.to_managed().unwrap(), v6);
        let unix = b"\x01\0/tmp/s\0";
        assert_eq!(
            SocketAddress::from_managed(unix)
                .unwrap()
                .to_managed()
                .unwrap(),
            unix
        );
    }

    #[test]
    fn bad_bytes_are_errors() {
        for bad in [&[][..], &[2], &[2, 0, 1], &[23, 0, 1, 2, 3]] {
            assert_eq!(
                SocketAddress::from_managed(bad).unwrap_err(),
                SocketError::FAULT
            );
        }
        assert_eq!(
            SocketAddress::from_managed(&[99, 0, 0, 0]).unwrap_err(),
            SocketError::NO_FAMILY
        );
        assert_eq!(
            SocketAddress::from_managed(&[1; 2000][..]).unwrap_err(),
            SocketError::NO_FAMILY
        );
        let mut long = vec![0; 300];
        long[0] = 1;
        assert_eq!(
            SocketAddress::from_managed(&long).unwrap_err(),
            SocketError::FAULT
        );
    }
}
