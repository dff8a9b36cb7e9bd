//! Identity of assemblies (ECMA-335 II.6.2, II.22.2, II.22.5).

use core::fmt;

use crate::{AssemblyFlags, Error, Metadata, Rid, sha1};

/// An assembly's version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First part.
    pub major: u16,
    /// Second part.
    pub minor: u16,
    /// Third part.
    pub build: u16,
    /// Fourth part.
    pub revision: u16,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}.{}",
            self.major, self.minor, self.build, self.revision
        )
    }
}

/// The last eight bytes of the SHA-1 of a public key, reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKeyToken(pub [u8; 8]);

impl PublicKeyToken {
    /// The token of a public key; none of an empty one.
    #[must_use]
    pub fn of_key(public_key: &[u8]) -> Option<Self> {
        if public_key.is_empty() {
            return None;
        }
        let digest = sha1::sha1(public_key);
        let mut token = *digest.last_chunk()?;
        token.reverse();
        Some(Self(token))
    }
}

impl fmt::Display for PublicKeyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What names an assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssemblyIdentity<'a> {
    /// The simple name.
    pub name: &'a str,
    /// The version.
    pub version: Version,
    /// The culture; empty for the neutral one.
    pub culture: &'a str,
    /// Flags of the row.
    pub flags: AssemblyFlags,
    /// The whole public key, when the row has it; else empty.
    pub public_key: &'a [u8],
    /// The key's token.
    pub public_key_token: Option<PublicKeyToken>,
}

/// Shows the display name: `mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089`.
impl fmt::Display for AssemblyIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let culture = if self.culture.is_empty() {
            "neutral"
        } else {
            self.culture
        };
        write!(
            f,
            "{}, Version={}, Culture={culture}, PublicKeyToken=",
            self.name, self.version
        )?;
        match self.public_key_token {
            Some(token) => token.fmt(f),
            None => f.write_str("null"),
        }
    }
}

impl<'a> Metadata<'a> {
    /// The identity of this assembly; `None` for a module without a manifest.
    ///
    /// # Errors
    /// When a name or the key is malformed.
    pub fn assembly_identity(&self) -> Result<Option<AssemblyIdentity<'a>>, Error> {
        let Ok(row) = self.assembly(1) else {
            return Ok(None);
        };
        let public_key = self.blob(row.public_key)?;
        Ok(Some(AssemblyIdentity {
            name: self.string(row.name)?,
            version: Version {
                major: row.major,
                minor: row.minor,
                build: row.build,
                revision: row.revision,
            },
            culture: self.string(row.culture)?,
            flags: row.flags,
            public_key,
            public_key_token: PublicKeyToken::of_key(public_key),
        }))
    }

    /// The identity that an `AssemblyRef` asks for.
    ///
    /// # Errors
    /// When the row, a name or the key is malformed.
    pub fn assembly_ref_identity(&self, assembly_ref: Rid) -> Result<AssemblyIdentity<'a>, Error> {
        let row = self.assembly_ref(assembly_ref)?;
        let key_or_token = self.blob(row.public_key_or_token)?;
        let is_key = row.flags.contains(AssemblyFlags::PUBLIC_KEY);
        let public_key_token = match <[u8; 8]>::try_from(key_or_token) {
            _ if is_key => PublicKeyToken::of_key(key_or_token),
            Ok(token) => Some(PublicKeyToken(token)),
            Err(_) if key_or_token.is_empty() => None,
            Err(_) => return Err(Error::BadBlob("public key token")),
        };
        Ok(AssemblyIdentity {
            name: self.string(row.name)?,
            version: Version {
                major: row.major,
                minor: row.minor,
                build: row.build,
                revision: row.revision,
            },
            culture: self.string(row.culture)?,
            flags: row.flags,
            public_key: if is_key { key_or_token } else { &[] },
            public_key_token,
        })
    }
}
