//! The rules, each with the section of ECMA-335 that states it.

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident $section:literal $message:literal;)*) => {
        /// A rule of correct (or, for [`Rule::ThisNotInitialized`], verifiable) IL.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* #[doc = concat!("ECMA-335 ", $section, ": ", $message, ".")] $rule,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// The section of ECMA-335 that states it.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self {
                    $(Self::$rule => $section,)*
                }
            }

            /// What is wrong, in a few words.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$rule => $message,)*
                }
            }
        }
    };
}

rules! {
    BadBody "II.25.4" "the method body cannot be read";
    BadSignature "II.23.2" "a signature that the method needs cannot be read";
    EmptyBody "III.1.7.1" "the body has no instruction";
    UnknownOpcode "III.1.2" "an opcode that does not exist";
    TruncatedInstruction "III.1.7.1" "the code ends inside an instruction";
    BranchOutsideCode "III.1.7.6" "a branch leaves the code";
    BranchIntoInstruction "III.1.7.2" "a branch into the middle of an instruction";
    BranchPastPrefix "III.2" "a branch between a prefix and its instruction";
    FallsOffEnd "III.1.7.1" "control reaches the end of the code";
    StackUnderflow "I.12.3.2.1" "more is popped than is on the stack";
    StackOverflow "III.1.7.4" "the stack is deeper than .maxstack";
    StackDepthAtMerge "III.1.8.1.3" "paths meet with stacks of different depth";
    BackwardBranchStack "III.1.7.5" "a backward branch with a stack where a forward pass must assume an empty one";
    ReturnStack "III.3.56" "at ret the stack holds more or less than the value to return";
    ReturnInRegion "I.12.4.2.8.2" "ret inside a protected block, filter or handler";
    ClauseBoundary "III.1.7.3" "an exception clause that starts or ends inside an instruction";
    ClauseEmpty "I.12.4.2.7" "an empty protected block, filter or handler";
    ClauseOverlap "I.12.4.2.7" "protected blocks, filters or handlers that overlap without being nested";
    ClauseTooDeep "I.12.4.2.7" "exception clauses nested more than 256 deep (a limit of this verifier)";
    ClauseOrder "II.25.4.6" "an enclosing clause before the clauses inside it";
    TryEntryStack "I.12.4.2.8.1" "a protected block is entered with something on the stack";
    EntersTry "I.12.4.2.8.2" "a protected block is entered elsewhere than at its start";
    EntersHandler "I.12.4.2.8.2" "a handler or filter is entered by a branch or by falling into it";
    LeavesRegion "I.12.4.2.8.2" "a branch out of a protected block, filter or handler";
    FallsOutOfRegion "I.12.4.2.8.1" "control falls out of a protected block, filter or handler";
    LeavePlacement "III.3.46" "leave out of a filter, finally or fault block";
    EndfinallyPlacement "III.3.35" "endfinally outside a finally or fault block";
    EndfilterPlacement "III.3.34" "endfilter elsewhere than at the end of a filter";
    EndfilterStack "III.3.34" "at endfilter the stack holds more than the verdict";
    RethrowPlacement "III.4.24" "rethrow outside a catch handler";
    JmpPlacement "III.3.37" "jmp inside a protected block, filter or handler";
    JmpStack "III.3.37" "jmp with something on the stack";
    JmpSignature "III.3.37" "jmp to a method with other parameters";
    LocallocPlacement "III.3.47" "localloc inside a filter or handler";
    LocallocStack "III.3.47" "localloc with more on the stack than the size";
    ArglistPlacement "III.3.4" "arglist in a method without variable arguments";
    PrefixTarget "III.2" "a prefix before an instruction that does not take it";
    PrefixRepeated "III.2" "the same prefix twice";
    UnalignedOperand "III.2.5" "unaligned. with an alignment other than 1, 2 or 4";
    TailNotReturn "III.2.4" "a tail. call that is not followed by ret";
    TailInRegion "III.2.4" "a tail. call inside a protected block, filter or handler";
    TailStack "III.2.4" "a tail. call with more on the stack than its arguments";
    LocalIndex "III.3.43" "a local that does not exist";
    ArgumentIndex "III.3.38" "an argument that does not exist";
    TokenKind "III.1.9" "a token of a kind that the instruction does not take";
    DanglingToken "III.1.9" "a token that names nothing";
    NewobjNotConstructor "III.4.21" "newobj of something that is not an instance constructor";
    VirtualStatic "III.4.2" "a virtual call of a static method";
    StaticFieldIsInstance "III.4.14" "a static field instruction with an instance field";
    ThisNotInitialized "III.1.8.1.4" "a constructor returns without having called another one";
}

impl core::fmt::Display for Rule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", self.message(), self.section())
    }
}
