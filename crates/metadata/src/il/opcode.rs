//! The opcodes and what is fixed about each (ECMA-335 III.1.2, table in VI.C.2).

/// What follows an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperandKind {
    /// Nothing.
    None,
    /// A signed byte.
    I8,
    /// An unsigned byte.
    U8,
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A one-byte number of an argument or local.
    ShortVar,
    /// A two-byte number of an argument or local.
    Var,
    /// A one-byte branch distance.
    ShortBranch,
    /// A four-byte branch distance.
    Branch,
    /// A count and as many four-byte distances.
    Switch,
    /// The token of a method.
    Method,
    /// The token of a field.
    Field,
    /// The token of a type.
    Type,
    /// The token of a type, field or method.
    Token,
    /// The token of a string literal.
    String,
    /// The token of a stand-alone signature.
    Sig,
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowControl {
    /// To the next instruction.
    Next,
    /// To the next instruction, after a debugger.
    Break,
    /// To the target.
    Branch,
    /// To a target or to the next instruction.
    CondBranch,
    /// Into a method and to the next instruction (`jmp` does not come back).
    Call,
    /// Out of the method, finally block or filter.
    Return,
    /// To a handler.
    Throw,
    /// A prefix of the next instruction.
    Prefix,
}

/// Everything fixed about an opcode.
#[derive(Clone, Copy, Debug)]
struct Facts {
    name: &'static str,
    operand: OperandKind,
    pops: Option<u8>,
    pushes: Option<u8>,
    flow: FlowControl,
}

macro_rules! opcodes {
    ($($number:literal $opcode:ident $name:literal $operand:ident $pops:tt $pushes:tt $flow:ident;)*) => {
        /// The opcodes; two-byte ones are numbered `0xFE00` and up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Opcode {
            $(#[doc = concat!("`", $name, "`")] $opcode = $number,)*
        }

        impl Opcode {
            /// Every opcode, in the order of numbers.
            pub const ALL: &'static [Self] = &[$(Self::$opcode,)*];

            const fn facts(self) -> Facts {
                match self {
                    $(Self::$opcode => Facts {
                        name: $name,
                        operand: OperandKind::$operand,
                        pops: opcodes!(@count $pops),
                        pushes: opcodes!(@count $pushes),
                        flow: FlowControl::$flow,
                    },)*
                }
            }
        }
    };
    (@count _) => { None };
    (@count $count:literal) => { Some($count) };
}

opcodes! {
    0x00 Nop "nop" None 0 0 Next;
    0x01 Break "break" None 0 0 Break;
    0x02 Ldarg0 "ldarg.0" None 0 1 Next;
    0x03 Ldarg1 "ldarg.1" None 0 1 Next;
    0x04 Ldarg2 "ldarg.2" None 0 1 Next;
    0x05 Ldarg3 "ldarg.3" None 0 1 Next;
    0x06 Ldloc0 "ldloc.0" None 0 1 Next;
    0x07 Ldloc1 "ldloc.1" None 0 1 Next;
    0x08 Ldloc2 "ldloc.2" None 0 1 Next;
    0x09 Ldloc3 "ldloc.3" None 0 1 Next;
    0x0A Stloc0 "stloc.0" None 1 0 Next;
    0x0B Stloc1 "stloc.1" None 1 0 Next;
    0x0C Stloc2 "stloc.2" None 1 0 Next;
    0x0D Stloc3 "stloc.3" None 1 0 Next;
    0x0E LdargS "ldarg.s" ShortVar 0 1 Next;
    0x0F LdargaS "ldarga.s" ShortVar 0 1 Next;
    0x10 StargS "starg.s" ShortVar 1 0 Next;
    0x11 LdlocS "ldloc.s" ShortVar 0 1 Next;
    0x12 LdlocaS "ldloca.s" ShortVar 0 1 Next;
    0x13 StlocS "stloc.s" ShortVar 1 0 Next;
    0x14 Ldnull "ldnull" None 0 1 Next;
    0x15 LdcI4M1 "ldc.i4.m1" None 0 1 Next;
    0x16 LdcI40 "ldc.i4.0" None 0 1 Next;
    0x17 LdcI41 "ldc.i4.1" None 0 1 Next;
    0x18 LdcI42 "ldc.i4.2" None 0 1 Next;
    0x19 LdcI43 "ldc.i4.3" None 0 1 Next;
    0x1A LdcI44 "ldc.i4.4" None 0 1 Next;
    0x1B LdcI45 "ldc.i4.5" None 0 1 Next;
    0x1C LdcI46 "ldc.i4.6" None 0 1 Next;
    0x1D LdcI47 "ldc.i4.7" None 0 1 Next;
    0x1E LdcI48 "ldc.i4.8" None 0 1 Next;
    0x1F LdcI4S "ldc.i4.s" I8 0 1 Next;
    0x20 LdcI4 "ldc.i4" I32 0 1 Next;
    0x21 LdcI8 "ldc.i8" I64 0 1 Next;
    0x22 LdcR4 "ldc.r4" F32 0 1 Next;
    0x23 LdcR8 "ldc.r8" F64 0 1 Next;
    0x25 Dup "dup" None 1 2 Next;
    0x26 Pop "pop" None 1 0 Next;
    0x27 Jmp "jmp" Method 0 0 Call;
    0x28 Call "call" Method _ _ Call;
    0x29 Calli "calli" Sig _ _ Call;
    0x2A Ret "ret" None _ 0 Return;
    0x2B BrS "br.s" ShortBranch 0 0 Branch;
    0x2C BrfalseS "brfalse.s" ShortBranch 1 0 CondBranch;
    0x2D BrtrueS "brtrue.s" ShortBranch 1 0 CondBranch;
    0x2E BeqS "beq.s" ShortBranch 2 0 CondBranch;
    0x2F BgeS "bge.s" ShortBranch 2 0 CondBranch;
    0x30 BgtS "bgt.s" ShortBranch 2 0 CondBranch;
    0x31 BleS "ble.s" ShortBranch 2 0 CondBranch;
    0x32 BltS "blt.s" ShortBranch 2 0 CondBranch;
    0x33 BneUnS "bne.un.s" ShortBranch 2 0 CondBranch;
    0x34 BgeUnS "bge.un.s" ShortBranch 2 0 CondBranch;
    0x35 BgtUnS "bgt.un.s" ShortBranch 2 0 CondBranch;
    0x36 BleUnS "ble.un.s" ShortBranch 2 0 CondBranch;
    0x37 BltUnS "blt.un.s" ShortBranch 2 0 CondBranch;
    0x38 Br "br" Branch 0 0 Branch;
    0x39 Brfalse "brfalse" Branch 1 0 CondBranch;
    0x3A Brtrue "brtrue" Branch 1 0 CondBranch;
    0x3B Beq "beq" Branch 2 0 CondBranch;
    0x3C Bge "bge" Branch 2 0 CondBranch;
    0x3D Bgt "bgt" Branch 2 0 CondBranch;
    0x3E Ble "ble" Branch 2 0 CondBranch;
    0x3F Blt "blt" Branch 2 0 CondBranch;
    0x40 BneUn "bne.un" Branch 2 0 CondBranch;
    0x41 BgeUn "bge.un" Branch 2 0 CondBranch;
    0x42 BgtUn "bgt.un" Branch 2 0 CondBranch;
    0x43 BleUn "ble.un" Branch 2 0 CondBranch;
    0x44 BltUn "blt.un" Branch 2 0 CondBranch;
    0x45 Switch "switch" Switch 1 0 CondBranch;
    0x46 LdindI1 "ldind.i1" None 1 1 Next;
    0x47 LdindU1 "ldind.u1" None 1 1 Next;
    0x48 LdindI2 "ldind.i2" None 1 1 Next;
    0x49 LdindU2 "ldind.u2" None 1 1 Next;
    0x4A LdindI4 "ldind.i4" None 1 1 Next;
    0x4B LdindU4 "ldind.u4" None 1 1 Next;
    0x4C LdindI8 "ldind.i8" None 1 1 Next;
    0x4D LdindI "ldind.i" None 1 1 Next;
    0x4E LdindR4 "ldind.r4" None 1 1 Next;
    0x4F LdindR8 "ldind.r8" None 1 1 Next;
    0x50 LdindRef "ldind.ref" None 1 1 Next;
    0x51 StindRef "stind.ref" None 2 0 Next;
    0x52 StindI1 "stind.i1" None 2 0 Next;
    0x53 StindI2 "stind.i2" None 2 0 Next;
    0x54 StindI4 "stind.i4" None 2 0 Next;
    0x55 StindI8 "stind.i8" None 2 0 Next;
    0x56 StindR4 "stind.r4" None 2 0 Next;
    0x57 StindR8 "stind.r8" None 2 0 Next;
    0x58 Add "add" None 2 1 Next;
    0x59 Sub "sub" None 2 1 Next;
    0x5A Mul "mul" None 2 1 Next;
    0x5B Div "div" None 2 1 Next;
    0x5C DivUn "div.un" None 2 1 Next;
    0x5D Rem "rem" None 2 1 Next;
    0x5E RemUn "rem.un" None 2 1 Next;
    0x5F And "and" None 2 1 Next;
    0x60 Or "or" None 2 1 Next;
    0x61 Xor "xor" None 2 1 Next;
    0x62 Shl "shl" None 2 1 Next;
    0x63 Shr "shr" None 2 1 Next;
    0x64 ShrUn "shr.un" None 2 1 Next;
    0x65 Neg "neg" None 1 1 Next;
    0x66 Not "not" None 1 1 Next;
    0x67 ConvI1 "conv.i1" None 1 1 Next;
    0x68 ConvI2 "conv.i2" None 1 1 Next;
    0x69 ConvI4 "conv.i4" None 1 1 Next;
    0x6A ConvI8 "conv.i8" None 1 1 Next;
    0x6B ConvR4 "conv.r4" None 1 1 Next;
    0x6C ConvR8 "conv.r8" None 1 1 Next;
    0x6D ConvU4 "conv.u4" None 1 1 Next;
    0x6E ConvU8 "conv.u8" None 1 1 Next;
    0x6F Callvirt "callvirt" Method _ _ Call;
    0x70 Cpobj "cpobj" Type 2 0 Next;
    0x71 Ldobj "ldobj" Type 1 1 Next;
    0x72 Ldstr "ldstr" String 0 1 Next;
    0x73 Newobj "newobj" Method _ 1 Call;
    0x74 Castclass "castclass" Type 1 1 Next;
    0x75 Isinst "isinst" Type 1 1 Next;
    0x76 ConvRUn "conv.r.un" None 1 1 Next;
    0x79 Unbox "unbox" Type 1 1 Next;
    0x7A Throw "throw" None 1 0 Throw;
    0x7B Ldfld "ldfld" Field 1 1 Next;
    0x7C Ldflda "ldflda" Field 1 1 Next;
    0x7D Stfld "stfld" Field 2 0 Next;
    0x7E Ldsfld "ldsfld" Field 0 1 Next;
    0x7F Ldsflda "ldsflda" Field 0 1 Next;
    0x80 Stsfld "stsfld" Field 1 0 Next;
    0x81 Stobj "stobj" Type 2 0 Next;
    0x82 ConvOvfI1Un "conv.ovf.i1.un" None 1 1 Next;
    0x83 ConvOvfI2Un "conv.ovf.i2.un" None 1 1 Next;
    0x84 ConvOvfI4Un "conv.ovf.i4.un" None 1 1 Next;
    0x85 ConvOvfI8Un "conv.ovf.i8.un" None 1 1 Next;
    0x86 ConvOvfU1Un "conv.ovf.u1.un" None 1 1 Next;
    0x87 ConvOvfU2Un "conv.ovf.u2.un" None 1 1 Next;
    0x88 ConvOvfU4Un "conv.ovf.u4.un" None 1 1 Next;
    0x89 ConvOvfU8Un "conv.ovf.u8.un" None 1 1 Next;
    0x8A ConvOvfIUn "conv.ovf.i.un" None 1 1 Next;
    0x8B ConvOvfUUn "conv.ovf.u.un" None 1 1 Next;
    0x8C Box "box" Type 1 1 Next;
    0x8D Newarr "newarr" Type 1 1 Next;
    0x8E Ldlen "ldlen" None 1 1 Next;
    0x8F Ldelema "ldelema" Type 2 1 Next;
    0x90 LdelemI1 "ldelem.i1" None 2 1 Next;
    0x91 LdelemU1 "ldelem.u1" None 2 1 Next;
    0x92 LdelemI2 "ldelem.i2" None 2 1 Next;
    0x93 LdelemU2 "ldelem.u2" None 2 1 Next;
    0x94 LdelemI4 "ldelem.i4" None 2 1 Next;
    0x95 LdelemU4 "ldelem.u4" None 2 1 Next;
    0x96 LdelemI8 "ldelem.i8" None 2 1 Next;
    0x97 LdelemI "ldelem.i" None 2 1 Next;
    0x98 LdelemR4 "ldelem.r4" None 2 1 Next;
    0x99 LdelemR8 "ldelem.r8" None 2 1 Next;
    0x9A LdelemRef "ldelem.ref" None 2 1 Next;
    0x9B StelemI "stelem.i" None 3 0 Next;
    0x9C StelemI1 "stelem.i1" None 3 0 Next;
    0x9D StelemI2 "stelem.i2" None 3 0 Next;
    0x9E StelemI4 "stelem.i4" None 3 0 Next;
    0x9F StelemI8 "stelem.i8" None 3 0 Next;
    0xA0 StelemR4 "stelem.r4" None 3 0 Next;
    0xA1 StelemR8 "stelem.r8" None 3 0 Next;
    0xA2 StelemRef "stelem.ref" None 3 0 Next;
    0xA3 Ldelem "ldelem" Type 2 1 Next;
    0xA4 Stelem "stelem" Type 3 0 Next;
    0xA5 UnboxAny "unbox.any" Type 1 1 Next;
    0xB3 ConvOvfI1 "conv.ovf.i1" None 1 1 Next;
    0xB4 ConvOvfU1 "conv.ovf.u1" None 1 1 Next;
    0xB5 ConvOvfI2 "conv.ovf.i2" None 1 1 Next;
    0xB6 ConvOvfU2 "conv.ovf.u2" None 1 1 Next;
    0xB7 ConvOvfI4 "conv.ovf.i4" None 1 1 Next;
    0xB8 ConvOvfU4 "conv.ovf.u4" None 1 1 Next;
    0xB9 ConvOvfI8 "conv.ovf.i8" None 1 1 Next;
    0xBA ConvOvfU8 "conv.ovf.u8" None 1 1 Next;
    0xC2 Refanyval "refanyval" Type 1 1 Next;
    0xC3 Ckfinite "ckfinite" None 1 1 Next;
    0xC6 Mkrefany "mkrefany" Type 1 1 Next;
    0xD0 Ldtoken "ldtoken" Token 0 1 Next;
    0xD1 ConvU2 "conv.u2" None 1 1 Next;
    0xD2 ConvU1 "conv.u1" None 1 1 Next;
    0xD3 ConvI "conv.i" None 1 1 Next;
    0xD4 ConvOvfI "conv.ovf.i" None 1 1 Next;
    0xD5 ConvOvfU "conv.ovf.u" None 1 1 Next;
    0xD6 AddOvf "add.ovf" None 2 1 Next;
    0xD7 AddOvfUn "add.ovf.un" None 2 1 Next;
    0xD8 MulOvf "mul.ovf" None 2 1 Next;
    0xD9 MulOvfUn "mul.ovf.un" None 2 1 Next;
    0xDA SubOvf "sub.ovf" None 2 1 Next;
    0xDB SubOvfUn "sub.ovf.un" None 2 1 Next;
    0xDC Endfinally "endfinally" None 0 0 Return;
    0xDD Leave "leave" Branch 0 0 Branch;
    0xDE LeaveS "leave.s" ShortBranch 0 0 Branch;
    0xDF StindI "stind.i" None 2 0 Next;
    0xE0 ConvU "conv.u" None 1 1 Next;
    0xFE00 Arglist "arglist" None 0 1 Next;
    0xFE01 Ceq "ceq" None 2 1 Next;
    0xFE02 Cgt "cgt" None 2 1 Next;
    0xFE03 CgtUn "cgt.un" None 2 1 Next;
    0xFE04 Clt "clt" None 2 1 Next;
    0xFE05 CltUn "clt.un" None 2 1 Next;
    0xFE06 Ldftn "ldftn" Method 0 1 Next;
    0xFE07 Ldvirtftn "ldvirtftn" Method 1 1 Next;
    0xFE09 Ldarg "ldarg" Var 0 1 Next;
    0xFE0A Ldarga "ldarga" Var 0 1 Next;
    0xFE0B Starg "starg" Var 1 0 Next;
    0xFE0C Ldloc "ldloc" Var 0 1 Next;
    0xFE0D Ldloca "ldloca" Var 0 1 Next;
    0xFE0E Stloc "stloc" Var 1 0 Next;
    0xFE0F Localloc "localloc" None 1 1 Next;
    0xFE11 Endfilter "endfilter" None 1 0 Return;
    0xFE12 Unaligned "unaligned." U8 0 0 Prefix;
    0xFE13 Volatile "volatile." None 0 0 Prefix;
    0xFE14 Tail "tail." None 0 0 Prefix;
    0xFE15 Initobj "initobj" Type 1 0 Next;
    0xFE16 Constrained "constrained." Type 0 0 Prefix;
    0xFE17 Cpblk "cpblk" None 3 0 Next;
    0xFE18 Initblk "initblk" None 3 0 Next;
    0xFE19 No "no." U8 0 0 Prefix;
    0xFE1A Rethrow "rethrow" None 0 0 Throw;
    0xFE1C Sizeof "sizeof" Type 0 1 Next;
    0xFE1D Refanytype "refanytype" None 1 1 Next;
    0xFE1E Readonly "readonly." None 0 0 Prefix;
}

/// One slot per second byte: opcode and operand.
pub(super) type DecodeTable = [Option<(Opcode, OperandKind)>; 256];

const fn decode_table(prefix: u16) -> DecodeTable {
    let mut table = [None; 256];
    let mut index = 0;
    while index < Opcode::ALL.len() {
        let opcode = Opcode::ALL[index];
        let number = opcode as u16;
        if number & 0xFF00 == prefix {
            table[(number & 0xFF) as usize] = Some((opcode, opcode.facts().operand));
        }
        index += 1;
    }
    table
}

pub(super) static ONE_BYTE: DecodeTable = decode_table(0);
pub(super) static TWO_BYTES: DecodeTable = decode_table(0xFE00);

impl Opcode {
    /// The opcode with this number: one byte, or `0xFE00` and one byte.
    #[inline]
    #[must_use]
    pub fn from_u16(number: u16) -> Option<Self> {
        let table = match number & 0xFF00 {
            0 => &ONE_BYTE,
            0xFE00 => &TWO_BYTES,
            _ => return None,
        };
        table
            .get(usize::from(number & 0xFF))
            .copied()
            .flatten()
            .map(|(opcode, _)| opcode)
    }

    /// The name in assembler text, such as `ldc.i4.s`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// What follows it.
    #[must_use]
    pub const fn operand_kind(self) -> OperandKind {
        self.facts().operand
    }

    /// How many values it takes from the stack; `None` when the operand or the method decides.
    #[must_use]
    pub const fn pops(self) -> Option<u8> {
        self.facts().pops
    }

    /// How many values it leaves on the stack; `None` when the operand decides.
    #[must_use]
    pub const fn pushes(self) -> Option<u8> {
        self.facts().pushes
    }

    /// Where control goes after it.
    #[must_use]
    pub const fn flow(self) -> FlowControl {
        self.facts().flow
    }

    /// Bytes of the opcode itself: 1 or 2.
    #[must_use]
    pub const fn size(self) -> u32 {
        if self as u16 >= 0xFE00 { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::Opcode;

    #[test]
    fn there_are_as_many_opcodes_as_in_the_standard() {
        // III, opcode list of VI.C.2 without the reserved and prefix bytes; `no.` counts.
        assert_eq!(Opcode::ALL.len(), 219);
        for opcode in Opcode::ALL {
            assert_eq!(Opcode::from_u16(*opcode as u16), Some(*opcode));
        }
        assert_eq!(Opcode::from_u16(0x24), None);
        assert_eq!(Opcode::from_u16(0xFE08), None);
        assert_eq!(Opcode::from_u16(0xF001), None);
    }
}
