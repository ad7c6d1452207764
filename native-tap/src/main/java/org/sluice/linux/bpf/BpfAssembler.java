package org.sluice.linux.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes eBPF programs (RFC 9669): instructions of eight bytes, and jumps to labels. It knows only the instructions
 * that Sluice's programs use. Registers are numbers: 0 is the result, 1 to 5 are arguments and do not survive a call, 6
 * to 9 survive, 10 is the end of the stack. Used by one thread.
 * <pre>
 *    0        1       2        4             8
 *   +--------+---+---+--------+-------------+
 *   | opcode |dst|src| offset |  immediate  |
 *   +--------+---+---+--------+-------------+
 * </pre>
 */
final class BpfAssembler {
    static final int R0 = 0;
    static final int R1 = 1;
    static final int R2 = 2;
    static final int R3 = 3;
    static final int R4 = 4;
    static final int R5 = 5;
    static final int R6 = 6;
    static final int R7 = 7;
    static final int R8 = 8;
    static final int R9 = 9;
    static final int STACK = 10;

    static final int CALL_MAP_LOOKUP = 1;
    static final int CALL_MAP_UPDATE = 2;
    static final int CALL_MAP_DELETE = 3;
    static final int CALL_KTIME_GET_NS = 5;
    static final int CALL_REDIRECT = 23;
    static final int CALL_SKB_LOAD_BYTES = 26;
    static final int CALL_SK_LOOKUP_UDP = 85;
    static final int CALL_SK_RELEASE = 86;
    static final int CALL_SKC_LOOKUP_TCP = 99;
    static final int CALL_SK_ASSIGN = 124;

    static final int BYTE = 0x10;
    static final int HALF = 0x08;
    static final int WORD = 0x00;
    static final int DOUBLE = 0x18;

    private static final int INSTRUCTION_BYTES = 8;
    private static final int LOAD_MEMORY = 0x61;
    private static final int STORE_IMMEDIATE = 0x62;
    private static final int STORE_REGISTER = 0x63;
    /** BPF_STX, BPF_ATOMIC, BPF_DW. */
    private static final int ATOMIC_ADD = 0xDB;
    private static final int LOAD_LONG = 0x18;
    private static final int PSEUDO_MAP_FD = 1;
    private static final int CALL = 0x85;
    private static final int EXIT = 0x95;
    private static final int TO_BIG_ENDIAN = 0xDC;

    private static final int JUMP = 0x05;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_EQUAL_REGISTER = 0x1D;
    private static final int JUMP_NOT_EQUAL = 0x55;
    private static final int JUMP_GREATER = 0x25;
    private static final int JUMP_GREATER_REGISTER = 0x2D;

    private record Instruction(int opcode, int destination, int source, int offset, int immediate, String label) {
    }

    private final List<Instruction> instructions = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();

    /** Names the next instruction as a jump target. */
    BpfAssembler label(final String name) {
        if (labels.put(name, instructions.size()) != null) {
            throw new IllegalStateException("label " + name + " is defined twice");
        }
        return this;
    }

    BpfAssembler move(final int destination, final int source) {
        return add(0xBF, destination, source, 0, 0);
    }

    BpfAssembler set(final int destination, final int value) {
        return add(0xB7, destination, 0, 0, value);
    }

    /** Sets all 64 bits. */
    BpfAssembler setLong(final int destination, final long value) {
        add(LOAD_LONG, destination, 0, 0, (int) value);
        return add(0, 0, 0, 0, (int) (value >>> 32));
    }

    BpfAssembler addValue(final int destination, final int value) {
        return add(0x07, destination, 0, 0, value);
    }

    /** Adds in 32 bits; the upper half becomes 0. */
    BpfAssembler addValue32(final int destination, final int value) {
        return add(0x04, destination, 0, 0, value);
    }

    BpfAssembler addRegister(final int destination, final int source) {
        return add(0x0F, destination, source, 0, 0);
    }

    BpfAssembler multiplyRegister(final int destination, final int source) {
        return add(0x2F, destination, source, 0, 0);
    }

    BpfAssembler and(final int destination, final int value) {
        return add(0x57, destination, 0, 0, value);
    }

    BpfAssembler shiftLeft(final int destination, final int bits) {
        return add(0x67, destination, 0, 0, bits);
    }

    BpfAssembler shiftRight(final int destination, final int bits) {
        return add(0x77, destination, 0, 0, bits);
    }

    /** Unsigned modulo; the value must not be 0. */
    BpfAssembler modulo(final int destination, final int value) {
        return add(0x97, destination, 0, 0, value);
    }

    /** Shifts right by the value of a register. */
    BpfAssembler shiftRightBy(final int destination, final int source) {
        return add(0x7F, destination, source, 0, 0);
    }

    /** Converts the low 16 bits from network to host order, on a little-endian machine. */
    BpfAssembler networkToHost16(final int destination) {
        return add(TO_BIG_ENDIAN, destination, 0, 0, 16);
    }

    /** Loads from memory; {@code size} is BYTE, HALF, WORD or DOUBLE. */
    BpfAssembler load(final int size, final int destination, final int source, final int offset) {
        return add(LOAD_MEMORY | size, destination, source, offset, 0);
    }

    BpfAssembler store(final int size, final int destination, final int offset, final int source) {
        return add(STORE_REGISTER | size, destination, source, offset, 0);
    }

    /** Adds a register to 64 bits of memory, in one step. */
    BpfAssembler atomicAdd(final int destination, final int offset, final int source) {
        return add(ATOMIC_ADD, destination, source, offset, 0);
    }

    BpfAssembler storeValue(final int size, final int destination, final int offset, final int value) {
        return add(STORE_IMMEDIATE | size, destination, 0, offset, value);
    }

    /** Loads the address of a map into a register. */
    BpfAssembler loadMap(final int destination, final BpfMap map) {
        add(LOAD_LONG, destination, PSEUDO_MAP_FD, 0, map.fd());
        return add(0, 0, 0, 0, 0); // the second half: the upper 32 bits of the value
    }

    BpfAssembler call(final int function) {
        return add(CALL, 0, 0, 0, function);
    }

    BpfAssembler exit() {
        return add(EXIT, 0, 0, 0, 0);
    }

    BpfAssembler jump(final String label) {
        return jump(JUMP, 0, 0, 0, label);
    }

    BpfAssembler jumpIfEqual(final int register, final int value, final String label) {
        return jump(JUMP_EQUAL, register, 0, value, label);
    }

    BpfAssembler jumpIfNotEqual(final int register, final int value, final String label) {
        return jump(JUMP_NOT_EQUAL, register, 0, value, label);
    }

    BpfAssembler jumpIfEqualRegister(final int register, final int other, final String label) {
        return jump(JUMP_EQUAL_REGISTER, register, other, 0, label);
    }

    /** Jumps on an unsigned comparison. */
    BpfAssembler jumpIfGreater(final int register, final int value, final String label) {
        return jump(JUMP_GREATER, register, 0, value, label);
    }

    /** Jumps if one register is greater than another, unsigned. */
    BpfAssembler jumpIfGreaterRegister(final int register, final int than, final String label) {
        return jump(JUMP_GREATER_REGISTER, register, than, 0, label);
    }

    /** Calls map_lookup with the key on the stack. Register 0 then has the value's address, or 0. */
    BpfAssembler lookup(final BpfMap map, final int keyOffset) {
        return loadMap(R1, map).move(R2, STACK).addValue(R2, keyOffset).call(CALL_MAP_LOOKUP);
    }

    /** Copies bytes of the packet to the stack. Register 6 must have the context. Register 0 is then 0, or an error. */
    BpfAssembler loadPacket(final int packetOffset, final int stackOffset, final int bytes) {
        return move(R1, R6).set(R2, packetOffset).move(R3, STACK).addValue(R3, stackOffset).set(R4, bytes)
            .call(CALL_SKB_LOAD_BYTES);
    }

    /** The same, from an offset in a register, plus {@code more}. */
    BpfAssembler loadPacketAt(final int register, final int more, final int stackOffset, final int bytes) {
        return move(R1, R6).move(R2, register).addValue(R2, more).move(R3, STACK).addValue(R3, stackOffset)
            .set(R4, bytes).call(CALL_SKB_LOAD_BYTES);
    }

    int instructionCount() {
        return instructions.size();
    }

    /** The program's bytes, with every label resolved. */
    byte[] assemble() {
        final ByteBuffer code = ByteBuffer.allocate(instructions.size() * INSTRUCTION_BYTES)
            .order(ByteOrder.nativeOrder());
        for (int i = 0; i < instructions.size(); i++) {
            final Instruction instruction = instructions.get(i);
            int offset = instruction.offset();
            if (instruction.label() != null) {
                final Integer target = labels.get(instruction.label());
                if (target == null) {
                    throw new IllegalStateException("there is no label " + instruction.label());
                }
                offset = target - i - 1;
            }
            code.put((byte) instruction.opcode())
                .put((byte) (instruction.source() << 4 | instruction.destination()))
                .putShort((short) offset).putInt(instruction.immediate());
        }
        return code.array();
    }

    private BpfAssembler jump(final int opcode, final int register, final int source, final int value,
                              final String label) {
        instructions.add(new Instruction(opcode, register, source, 0, value, label));
        return this;
    }

    private BpfAssembler add(final int opcode, final int destination, final int source, final int offset,
                             final int immediate) {
        instructions.add(new Instruction(opcode, destination, source, offset, immediate, null));
        return this;
    }
}
