#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes mmio_decode_cases.h: instructions assembled by gas, with what the decoder has to make of them.

    tests/unit/mmio_decode_cases.py >tests/unit/mmio_decode_cases.h

Encodings come from gas, expectations from the lists below. Run it by hand after changing them.
"""

import re
import subprocess
import tempfile

R8 = "al cl dl bl spl bpl sil dil r8b r9b r10b r11b r12b r13b r14b r15b".split()
R16 = "ax cx dx bx sp bp si di r8w r9w r10w r11w r12w r13w r14w r15w".split()
R32 = "eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d".split()
R64 = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
HIGH = "ah ch dh bh".split()
REGISTERS = {name: (size, number, False)
             for size, names in ((1, R8), (2, R16), (4, R32), (8, R64))
             for number, name in enumerate(names)}
REGISTERS.update({name: (1, number, True) for number, name in enumerate(HIGH)})
SUFFIX = {1: "b", 2: "w", 4: "l", 8: "q"}
ARITHMETIC = "add or adc sbb and sub xor cmp".split()


def case(bits, text, operation, memory, operand, direction, register=None, immediate=None):
    return (bits, text, operation, memory, operand, direction, register, immediate)


def load(bits, address, register, prefix=""):
    size = REGISTERS[register][0]
    return case(bits, f"{prefix}mov {address}, %{register}", "MOV", size, size, "r>", register)


def store(bits, address, register, prefix=""):
    size = REGISTERS[register][0]
    return case(bits, f"{prefix}mov %{register}, {address}", "MOV", size, size, "w", register)


def moves():
    for register in R8 + R16 + R32 + R64 + HIGH:
        yield load(64, "(%rdi)", register)
        yield store(64, "(%rdi)", register)
    for bits, address in ((32, "(%edi)"), (16, "(%di)")):
        for register in ("al", "bh", "cx", "edx", "esi"):
            yield load(bits, address, register)
            yield store(bits, address, register)
    for bits, address in ((64, "(%rbx)"), (32, "(%ebx)"), (16, "(%bx)")):
        for size, value in ((1, -1), (2, 0x7654), (4, 0x12345678), (4, -2)):
            yield case(bits, f"mov{SUFFIX[size]} ${value}, {address}", "MOV", size, size, "w",
                       None, value)
    yield case(64, "movq $-3, (%r13)", "MOV", 8, 8, "w", None, -3)
    yield case(64, "movq $0x7fffffff, 0x20(%r12)", "MOV", 8, 8, "w", None, 0x7FFFFFFF)


def addressing():
    for address in ("(%rax)", "(%rbp)", "(%rsp)", "(%r12)", "(%r13)", "0x7f(%rcx)", "-0x80(%rsp)",
                    "0x12345678(%r9)", "0x12345678(%rsp,%rbp,8)", "(%rax,%r15,2)",
                    "(%rbp,%rax,1)", "(%r13,%rcx,4)", "0x1000(,%rdx,4)", "0x1234(%rip)",
                    "0x7ee00380", "%gs:(%rax)", "%fs:0x10", "(%ecx)", "%gs:0x10(%r13d,%eax,2)",
                    "(%esp)"):
        yield load(64, address, "edx")
        yield store(64, address, "r10")
        yield case(64, f"movl $0x11223344, {address}", "MOV", 4, 4, "w", None, 0x11223344)
    for address in ("(%eax)", "(%ebp)", "(%esp)", "0x10(%esp,%ebp,2)", "0xfee00380",
                    "0x1000(,%edx,4)", "%es:(%esi)", "(%bx,%si)", "0x7f(%bp)", "(%di)",
                    "%ds:0x1234(%bx)"):
        yield load(32, address, "ecx")
        yield store(32, address, "dh")
        yield case(32, f"movw $0x1122, {address}", "MOV", 2, 2, "w", None, 0x1122)
    for address in ("(%bx,%si)", "(%bx,%di)", "(%bp,%si)", "(%bp,%di)", "(%si)", "(%di)", "(%bx)",
                    "0(%bp)", "0x1234(%bp)", "0x12(%bx,%di)", "0x1234", "(%eax)",
                    "0x10(%esp,%ebp,2)", "%fs:0xfee00380(%ecx)"):
        yield load(16, address, "cx")
        yield store(16, address, "ebx")


def offsets():
    for size, name in ((1, "al"), (2, "ax"), (4, "eax"), (8, "rax")):
        yield case(64, f"movabs 0xfee000200000, %{name}", "MOV", size, size, "r>", name)
        yield case(64, f"movabs %{name}, 0xfee000200000", "MOV", size, size, "w", name)
    yield case(64, "addr32 mov 0xfee00020, %eax", "MOV", 4, 4, "r>", "eax")
    for size, name in ((1, "al"), (2, "ax"), (4, "eax")):
        yield load(32, "0xfee00020", name)
        yield store(32, "0xfee00020", name)
        yield load(16, "0x1020", name)
        yield store(16, "0x1020", name)
    yield load(32, "0x1020", "eax", "addr16 ")


def extensions():
    for name, operation in (("movz", "MOVZX"), ("movs", "MOVSX")):
        for source in (1, 2):
            for register in ("ax", "ecx", "rdx", "r9w", "r10d", "r15"):
                operand = REGISTERS[register][0]
                if operand > source:
                    yield case(64, f"{name}{SUFFIX[source]}{SUFFIX[operand]} 4(%rsi), %{register}",
                               operation, source, operand, "r>", register)
        yield case(32, f"{name}bl (%esi), %ebp", operation, 1, 4, "r>", "ebp")
        yield case(32, f"{name}wl (%esi), %edi", operation, 2, 4, "r>", "edi")
        yield case(16, f"{name}bw (%si), %dx", operation, 1, 2, "r>", "dx")
        yield case(16, f"{name}wl (%si), %edx", operation, 2, 4, "r>", "edx")
    yield case(64, "movslq (%rcx), %r11", "MOVSX", 4, 8, "r>", "r11")
    yield case(64, ".byte 0x63, 0x01", "MOVSX", 4, 4, "r>", "eax")
    yield case(64, ".byte 0x66, 0x63, 0x01", "MOVSX", 2, 2, "r>", "ax")


def arithmetic():
    for name in ARITHMETIC:
        write = "r" if name == "cmp" else "rw"
        for register in ("dl", "bh", "r9b", "si", "r10w", "ebp", "r8d", "rax", "r15"):
            size = REGISTERS[register][0]
            address = "(%rbx)" if register in HIGH else "0x10(%rbx,%rcx,8)"
            yield case(64, f"{name} %{register}, {address}", name.upper(), size, size, write,
                       register)
            yield case(64, f"{name} {address}, %{register}", name.upper(), size, size, "r>",
                       register)
        for size, value in ((1, -128), (2, 0x1234), (2, -5), (4, 0x12345678), (4, 100),
                            (8, -0x12345678), (8, -1)):
            yield case(64, f"{name}{SUFFIX[size]} ${value}, (%r11)", name.upper(), size, size,
                       write, None, value)
        yield case(32, f"lock {name} %ecx, (%edi)" if write == "rw" else f"{name} %ecx, (%edi)",
                   name.upper(), 4, 4, write, "ecx")
        yield case(16, f"{name}w $0x1234, (%di)", name.upper(), 2, 2, write, None, 0x1234)
        yield case(16, f"{name}l $3, (%di)", name.upper(), 4, 4, write, None, 3)


def rest():
    for register in ("cl", "dh", "r12b", "dx", "ebx", "r14d", "rdi", "r13"):
        size = REGISTERS[register][0]
        address = "(%rsi)" if register in HIGH else "-8(%r9)"
        yield case(64, f"xchg %{register}, {address}", "XCHG", size, size, "rw", register)
        yield case(64, f"test %{register}, {address}", "TEST", size, size, "r", register)
    yield case(64, "lock xchg %eax, (%rcx)", "XCHG", 4, 4, "rw", "eax")
    yield case(64, "xacquire lock xchg %eax, (%rcx)", "XCHG", 4, 4, "rw", "eax")
    yield case(64, "xrelease movl $1, (%rcx)", "MOV", 4, 4, "w", None, 1)
    for size, value in ((1, 0x55), (2, 0x1234), (4, 0x1000), (8, -4)):
        yield case(64, f"test{SUFFIX[size]} ${value}, 0x300(%rax)", "TEST", size, size, "r", None,
                   value)
    for name in "bt bts btr btc".split():
        write = "r" if name == "bt" else "rw"
        for size in (2, 4, 8):
            yield case(64, f"{name}{SUFFIX[size]} $12, 0x300(%rax)", name.upper(), size, size, write,
                       None, 12)
        yield case(32, f"{name}l $31, 0xfee00300", name.upper(), 4, 4, write, None, 31)
    for name in "not neg inc dec".split():
        for size in (1, 2, 4, 8):
            yield case(64, f"{name}{SUFFIX[size]} 0x20(%r8)", name.upper(), size, size, "rw")
        yield case(32, f"lock {name}l 0xfee00380", name.upper(), 4, 4, "rw")
    for register in ("cl", "r9b", "dx", "ebx", "r14"):
        size = REGISTERS[register][0]
        yield case(64, f"xadd %{register}, (%rsi)", "XADD", size, size, "rw", register)
        yield case(64, f"lock cmpxchg %{register}, (%rsi)", "CMPXCHG", size, size, "rw", register)
    for name in "bt bts btr btc".split():
        yield case(64, f"{name} %r10d, (%rsi)", name.upper(), 4, 4, "r" if name == "bt" else "rw",
                   "r10d")
    yield case(64, "movnti %rdx, (%rsi)", "MOV", 8, 8, "w", "rdx")
    yield case(64, "imul (%rsi), %r9d", "IMUL", 4, 4, "r>", "r9d")
    yield case(64, "cmovg (%rsi), %r9w", "CMOV", 2, 2, "r>", "r9w")
    yield case(32, "setno (%esi)", "SET", 1, 1, "w")
    yield case(64, "imul $0x12345678, (%rsi), %r9", "IMUL", 8, 8, "r>", "r9", 0x12345678)
    yield case(32, "imul $-2, (%esi), %ecx", "IMUL", 4, 4, "r>", "ecx", -2)
    for size in (1, 2, 4, 8):
        for name in "rol ror rcl rcr shl shr sar".split():
            yield case(64, f"{name}{SUFFIX[size]} $5, (%r9)", name.upper(), size, size, "rw", None, 5)
        yield case(64, f"shl{SUFFIX[size]} (%rdi)", "SHL", size, size, "rw", None, 1)
        yield case(64, f"sar{SUFFIX[size]} %cl, 0x80(%rdi)", "SAR", size, size, "rw", "rcx")
        yield case(64, f"mul{SUFFIX[size]} (%rdi)", "MUL", size, size, "r")
        yield case(64, f"imul{SUFFIX[size]} (%rdi)", "IMUL_WIDE", size, size, "r")
        yield case(64, f"div{SUFFIX[size]} (%rdi)", "DIV", size, size, "r")
        yield case(64, f"idiv{SUFFIX[size]} 0x12345678(%rdi)", "IDIV", size, size, "r")
    for name in "shld shrd".split():
        for register in ("dx", "r9d", "rsi"):
            size = REGISTERS[register][0]
            yield case(64, f"{name} $7, %{register}, (%r9)", name.upper(), size, size, "rw", register, 7)
            yield case(64, f"{name} %cl, %{register}, 4(%r9)", name.upper(), size, size, "rw", register)
        yield case(32, f"{name} $3, %ebp, (%edi)", name.upper(), 4, 4, "rw", "ebp", 3)
    for bits, suffix, size in ((64, "q", 8), (32, "l", 4), (32, "w", 2), (16, "w", 2), (16, "l", 4)):
        for name in "call jmp".split():
            yield case(bits, f"{name}{suffix} *0x1234", name.upper(), size, size, "rw")
    for name in "bsf bsr tzcnt lzcnt popcnt".split():
        yield case(64, f"{name} (%rsi), %r9d", name.upper(), 4, 4, "r>", "r9d")
        yield case(32, f"{name} 0xfee00020, %cx", name.upper(), 2, 2, "r>", "cx")
    yield case(64, "movbe (%rax), %r10", "MOVBE", 8, 8, "r>", "r10")
    yield case(64, "movbe %cx, (%rax)", "MOVBE", 2, 2, "w", "cx")
    yield case(64, "lock cmpxchg8b (%rax)", "CMPXCHG8B", 8, 8, "rw")
    for bits, suffix, size in ((64, "q", 8), (64, "w", 2), (32, "l", 4), (32, "w", 2), (16, "w", 2)):
        yield case(bits, f"push{suffix} 0x1234", "PUSH", size, size, "rw")
        yield case(bits, f"pop{suffix} 0x1234", "POP", size, size, "rw")
    # Prefixes in every order; REX counts right before the opcode only.
    yield case(64, ".byte 0x48, 0x66, 0x89, 0x0f", "MOV", 2, 2, "w", "cx")
    yield case(64, ".byte 0x66, 0x48, 0x89, 0x0f", "MOV", 8, 8, "w", "rcx")
    yield case(64, ".byte 0x44, 0x3e, 0x88, 0x27", "MOV", 1, 1, "w", "ah")
    yield case(64, ".byte 0x3e, 0x40, 0x88, 0x27", "MOV", 1, 1, "w", "spl")
    yield case(64, ".byte 0x44, 0x40, 0x8b, 0x07", "MOV", 4, 4, "r>", "eax")
    yield case(64, ".byte 0x2e, 0x36, 0x26, 0x65, 0x64, 0xf2, 0xf3, 0x67, 0x66, 0x4f, 0x8b, 0x3f",
               "MOV", 8, 8, "r>", "r15")
    yield case(64, ".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x67, 0xc7, 0x03, 1, 2",
               "MOV", 2, 2, "w", None, 0x201)
    yield case(64, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x67,0xc7,0x03,1,2",
               "MOV", 2, 2, "w", None, 0x201)
    yield case(32, ".byte 0x66, 0x67, 0x89, 0x1e, 0x34, 0x12", "MOV", 2, 2, "w", "bx")
    yield case(32, ".byte 0x88, 0x20", "MOV", 1, 1, "w", "ah")


def rejected():
    """Encodings that are not emulated; the last of each is why."""
    return [
        (64, "mov %eax, %ebx", "no memory operand"),
        (64, "movzbl %al, %ebx", "no memory operand"),
        (64, "nop", "not in the table"),
        (64, ".byte 0xf0, 0xa4", "LOCK MOVS"),
        (64, ".byte 0xf0, 0xff, 0x30", "LOCK PUSH"),
        (64, ".byte 0xf0, 0xd1, 0x20", "LOCK SHL"),
        (64, "incl %eax", "no memory operand"),
        (64, ".byte 0x66, 0xff, 0x10", "CALL with a prefix on which processors differ"),
        (64, ".byte 0x66, 0xff, 0x20", "JMP with a prefix on which processors differ"),
        (64, ".byte 0xff, 0x18", "far CALL"),
        (64, "ljmpl *(%rax)", "far JMP"),
        (64, ".byte 0xf0, 0xff, 0x20", "LOCK JMP"),
        (64, ".byte 0xf0, 0xf7, 0x30", "LOCK DIV"),
        (64, ".byte 0xf0, 0x0f, 0xa4, 0x08, 0x01", "LOCK SHLD"),
        (64, ".byte 0xf0, 0xf7, 0x20", "LOCK MUL"),
        (64, ".byte 0x8f, 0x08", "8F /1"),
        (64, ".byte 0xf0, 0x0f, 0x44, 0x03", "LOCK CMOV"),
        (64, ".byte 0xf0, 0x0f, 0x94, 0x03", "LOCK SETE"),
        (64, "movups (%rax), %xmm0", "not in the table"),
        (64, "vmovups (%rax), %ymm0", "VEX"),
        (64, "cmpxchg16b (%rax)", "not in the table"),
        (64, "crc32l (%rax), %ecx", "not in the table"),
        (64, "crc32b (%rax), %ecx", "not in the table"),
        (64, ".byte 0x0f, 0xb8, 0x03", "0F B8 without F3"),
        (64, ".byte 0xf0, 0x89, 0x08", "LOCK MOV"),
        (64, ".byte 0xf0, 0x8b, 0x08", "LOCK MOV"),
        (64, ".byte 0xf0, 0x39, 0x08", "LOCK CMP"),
        (64, ".byte 0xf0, 0x03, 0x08", "LOCK ADD to a register"),
        (64, ".byte 0xf0, 0x85, 0x08", "LOCK TEST"),
        (64, ".byte 0xf0, 0x0f, 0xba, 0x20, 0x01", "LOCK BT"),
        (64, ".byte 0xc6, 0x08, 0x01", "C6 /1"),
        (64, ".byte 0xc7, 0x38, 1, 2, 3, 4", "C7 /7"),
        (64, ".byte 0x0f, 0xba, 0x18, 0x01", "0F BA /3"),
        (64, ".byte 0x82, 0x00, 0x01", "82 does not exist in 64-bit mode"),
        (32, ".byte 0x63, 0x01", "ARPL"),
        (16, ".byte 0x63, 0x01", "ARPL"),
        (32, ".byte 0x48, 0x89, 0x0f", "DEC, not REX"),
        (64, ".byte 0xc5, 0x01", "VEX"),
        (64, ".byte 0xff, 0xff", "FF /7"),
        (64, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,"
             "0x89,0x08", "17 bytes"),
        (64, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x67,0xc7,0x03,1,2",
         "16 bytes"),
    ]


def assemble(bits, text):
    """Bytes of one instruction."""
    with tempfile.NamedTemporaryFile(suffix=".o") as output:
        subprocess.run(["as", "-o", output.name, "-"], check=True, text=True,
                       input=f".code{bits}\n.text\n{text}\n")
        dump = subprocess.run(["objcopy", "-O", "binary", "-j", ".text", output.name, "/dev/stdout"],
                              check=True, capture_output=True).stdout
    return dump


def c_bytes(data):
    return "{" + ", ".join(f"0x{byte:02x}" for byte in data) + "}"


def c_case(row):
    bits, text, operation, memory, operand, direction, register, immediate = row
    code = assemble(bits, text)
    _, number, high = REGISTERS[register] if register else (0, 0, False)
    truth = {True: "true", False: "false"}
    fields = [
        str(bits), '"' + re.sub(r"\s+", " ", text) + '"', c_bytes(code), str(len(code)),
        "MMIO_" + operation, str(memory), str(operand), truth["r" in direction],
        truth["w" in direction], truth[">" in direction], truth[immediate is not None],
        str(number), truth[high], f"INT64_C({immediate or 0})",
    ]
    return "\t{" + ", ".join(fields) + "},"


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Generated by mmio_decode_cases.py. */")
    print("/* clang-format off */")
    print("static const struct decode_case decode_cases[] = {")
    for group in (moves, addressing, offsets, extensions, arithmetic, rest):
        for row in group():
            print(c_case(row))
    print("};\n\nstatic const struct rejected_case rejected_cases[] = {")
    for bits, text, why in rejected():
        code = assemble(bits, text)
        short = re.sub(r"\s+", " ", text)
        print(f'\t{{{bits}, "{short} ({why})", {c_bytes(code)}, {len(code)}}},')
    print("};")


if __name__ == "__main__":
    main()
