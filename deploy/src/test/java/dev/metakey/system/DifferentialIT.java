package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.MarkStruct;
import dev.metakey.layout.RegistryFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.packet.AreaCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random calls on packets' metadata, made by the C headers in the kernel and by Java: every result
 * and every byte must agree. {@code -Dmetakey.seed=N} repeats a run, {@code -Dmetakey.packets=N}
 * makes it longer or shorter, {@code -Dmetakey.hostile=N} says how many areas are made of garbage,
 * and {@code -Dmetakey.builds=all} tries every instruction set and level of optimisation.
 */
@LoadedPrograms.Loaded
class DifferentialIT {
  private static final int PACKETS = Integer.getInteger("metakey.packets", 60);
  private static final int CALLS_EACH = 50;

  private static final int HOSTILE = Integer.getInteger("metakey.hostile", 800);
  private static final int HOSTILE_CALLS = 4;

  /** So many in one run of the runner. */
  private static final int HOSTILE_AT_ONCE = 2_000;

  private static final boolean EVERY_BUILD = "all".equals(System.getProperty("metakey.builds"));

  /** The most bytes of metadata that a frame can carry into the stack. */
  private static final int MAX_METADATA_BYTES = 216;

  private static final int MARK_BYTES = 8;
  private static final String UNTOUCHED = "a5";
  private static final HexFormat HEX = HexFormat.of();

  @TempDir static Path built;
  private static List<Integer> sizes = List.of();

  @TempDir Path run;
  private Random random = new Random();
  private RegistryInfo info = new RegistryInfo(new UUID(0, 0), 0, Layout.SLOTTED, 24);

  private Tag tag = Tag.NONE;

  private Path object = Path.of("");
  private String attachment = "clsact";

  /** By number, as in fields.h; null for a field that is not registered. */
  private final List<@Nullable Field> fields = new ArrayList<>();

  /** An implementation in Java, for one packet. A field that is null was never linked. */
  interface PacketMetadata {
    /**
     * @param canMake whether there is room in front of the packet, and an XDP program that makes
     *     the area
     * @return 0 or a negative errno
     */
    int set(@Nullable Field field, long value, boolean canMake);

    OptionalLong get(@Nullable Field field);

    /**
     * @return 0 or a negative errno
     */
    int delete(@Nullable Field field);

    /** All bytes before the packet. */
    byte[] bytes();

    void replace(byte[] bytes);
  }

  /** The implementations that must agree with each other and with the kernel. */
  private List<PacketMetadata> implementations() {
    List<Field> registered = registered();
    return List.of(new ReferenceArea(info, tag, registered));
  }

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    CBuild.program(CBuild.source("runner.c"), built.resolve("runner"));
    Matcher on =
        Pattern.compile("ON\\((\\d+), __u(\\d+)\\)")
            .matcher(Files.readString(CBuild.source("fields.h")));
    sizes = on.results().map(result -> Integer.parseInt(result.group(2)) / 8).toList();
  }

  /**
   * @param flags beside -O2
   */
  private static Path build(String clang, String... flags) throws Exception {
    Path built = DifferentialIT.built.resolve(clang + String.join("", flags) + ".o");
    if (!Files.exists(built)) {
      CBuild.bpf(clang, CBuild.source("fields.bpf.c"), built, flags);
    }
    return built;
  }

  @BeforeEach
  void seed() throws Exception {
    object = build(CBuild.clangs().get(0), "-mcpu=v3");
    random = Seed.random("differential");
  }

  @ParameterizedTest
  @CsvSource({
    "SLOTTED,24", "SLOTTED,64", "SLOTTED,128", "SLOTTED,216",
    "PACKED,24", "PACKED,64", "PACKED,128", "PACKED,216"
  })
  void calls_whenMadeInKernelAndInJava_agreeInEveryByte(Layout layout, int area) throws Exception {
    compare(layout, area, PACKETS);
  }

  static List<Arguments> builds() {
    List<Arguments> builds = new ArrayList<>();
    for (String clang : CBuild.clangs()) {
      for (String cpu : EVERY_BUILD ? CBuild.cpus(clang) : List.of("v2", "v3")) {
        for (int level : EVERY_BUILD ? List.of(1, 2, 3) : List.of(2)) {
          for (Layout layout : Layout.values()) {
            builds.add(Arguments.of(clang, "-mcpu=" + cpu, "-O" + level, layout));
          }
        }
      }
    }
    return builds;
  }

  @ParameterizedTest
  @MethodSource("builds")
  void calls_whenBuiltByAnyClangAndAttachedToTcx_agree(
      String clang, String cpu, String level, Layout layout) throws Exception {
    object = build(clang, cpu, level);
    attachment = "tcx";
    compare(layout, RegistryInfo.DEFAULT_AREA_BYTES, 5);
  }

  private void compare(Layout layout, int area, int packets) throws Exception {
    register(layout, area);
    List<PacketMetadata> all = implementations();
    List<String> calls = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (int packet = 0; packet < packets; packet++) {
      byte[] metadata = newPacket();
      calls.add("new " + HEX.formatHex(metadata));
      all.forEach(one -> one.replace(metadata));
      expected.add("0 - " + hex(metadata));
      for (int i = 0; i < CALLS_EACH; i++) {
        Call call = call(all.get(0).bytes().length == 0);
        calls.add(call.line());
        List<String> answers = all.stream().map(call::answer).distinct().toList();
        assertThat(answers).as("Java's answers to %s", recent(calls)).hasSize(1);
        expected.add(answers.get(0));
      }
    }
    List<String> actual = kernel(calls);
    for (int i = 0; i < actual.size(); i++) {
      assertThat(actual.get(i))
          .as(
              "%s, area %d: the kernel's answer to %s",
              layout, area, recent(calls.subList(0, i + 1)))
          .isEqualTo(expected.get(i));
    }
    assertThat(actual).hasSameSizeAs(expected);
  }

  /**
   * What is no value may be anything in such an area, so only what the calls return is compared.
   */
  @ParameterizedTest
  @MethodSource("builds")
  void calls_whenAreaHoldsGarbage_returnWhatJavaDoesAndKeepItsSizeAndMark(
      String clang, String cpu, String level, Layout layout) throws Exception {
    object = build(clang, cpu, level);
    for (int left = HOSTILE / builds().size(); left > 0; left -= HOSTILE_AT_ONCE) {
      int words = RegistryInfo.MIN_AREA_BYTES / 8 + random.nextInt(25); // up to the greatest
      register(layout, 8 * words);
      compareHostile(Math.min(left, HOSTILE_AT_ONCE));
    }
  }

  private void compareHostile(int areas) throws Exception {
    CodecArea codec = new CodecArea(AreaCodec.of(info, tag));
    List<String> calls = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();
    for (int i = 0; i < areas; i++) {
      byte[] metadata = random.nextInt(4) == 0 ? behindOthers(area(true)) : area(true);
      calls.add("new " + HEX.formatHex(metadata));
      codec.replace(metadata);
      expected.add("0 -");
      for (int j = 0; j < HOSTILE_CALLS; j++) {
        Call call = call(false);
        calls.add(call.line());
        expected.add(returned(call.answer(codec)));
      }
      lengths.addAll(Collections.nCopies(1 + HOSTILE_CALLS, metadata.length));
    }
    List<String> answers = kernel(calls); // which checks that the packet stays as it was
    assertThat(answers).hasSameSizeAs(calls);
    String mark = HEX.formatHex(mark());
    for (int i = 0; i < answers.size(); i++) {
      String answer = answers.get(i);
      if (!returned(answer).equals(expected.get(i))
          || !answer.endsWith(mark)
          || answer.length() - returned(answer).length() - 1 != 2 * lengths.get(i)) {
        throw new AssertionError(
            "%s, area %d: the kernel's answer to%n%s%nis %s; Java's result is %s"
                .formatted(
                    info.layout(), info.areaBytes(), recent(calls, i), answer, expected.get(i)));
      }
    }
  }

  /** Result and value, without the bytes, which may be anything where there is no value. */
  private static String returned(String answer) {
    return answer.substring(0, answer.lastIndexOf(' '));
  }

  private static String recent(List<String> calls, int last) {
    return recent(calls.subList(0, last + 1));
  }

  @Test
  void set_whenPackedAreaIsFull_isRefusedAndChangesNothing() throws Exception {
    register(Layout.PACKED, 32); // room for 8 bytes
    List<Integer> eights =
        IntStream.range(0, sizes.size() - 1).filter(i -> sizes.get(i) == 8).boxed().toList();
    List<String> answers =
        kernel(
            List.of(
                "xdp set %d 1".formatted(eights.get(0)),
                "xdp set %d 2".formatted(eights.get(1)),
                "xdp set %d 3".formatted(eights.get(0))));
    assertThat(answers.get(0)).startsWith("0 ");
    assertThat(answers.get(1)).isEqualTo(answers.get(0).replaceFirst("0", "-28"));
    assertThat(answers.get(2)).startsWith("0 ").isNotEqualTo(answers.get(0));
  }

  private static String recent(List<String> calls) {
    int start = calls.size() - 1;
    while (start > 0 && !calls.get(start).startsWith("new")) {
      start--;
    }
    return String.join("\n", calls.subList(start, calls.size()));
  }

  /** One line for the runner. */
  private record Call(
      String hook, String op, int number, @Nullable Field field, long value, boolean canMake) {
    String line() {
      return "%s %s %d %x".formatted(hook, op, number, value);
    }

    String answer(PacketMetadata metadata) {
      switch (op) {
        case "set" -> {
          int result = metadata.set(field, value, canMake);
          return "%d - %s".formatted(result, hex(metadata.bytes()));
        }
        case "del" -> {
          int result = metadata.delete(field);
          return "%d - %s".formatted(result, hex(metadata.bytes()));
        }
        default -> {
          OptionalLong found = metadata.get(field);
          return found.isPresent()
              ? "0 %x %s".formatted(found.getAsLong(), hex(metadata.bytes()))
              : "-2 %s %s".formatted(UNTOUCHED, hex(metadata.bytes()));
        }
      }
    }
  }

  private static String hex(byte[] metadata) {
    return metadata.length == 0 ? "-" : HEX.formatHex(metadata);
  }

  private Call call(boolean isBare) {
    if (isBare && random.nextInt(4) == 0) {
      return new Call("tight", "set", 0, fields.get(0), random.nextInt(1 << 16), false);
    }
    int number = random.nextInt(sizes.size());
    Field field = fields.get(number);
    int size = sizes.get(number);
    long value = size == 8 ? random.nextLong() : random.nextLong() & ((1L << (8 * size)) - 1);
    return switch (random.nextInt(10)) {
      case 0 -> new Call("trace", "get", number, field, value, false);
      case 1, 2, 3 -> new Call("tc", op(), number, field, value, false);
      case 4 -> new Call("tail", op(), number, field, value, true);
      default -> new Call("xdp", op(), number, field, value, true);
    };
  }

  private String op() {
    return List.of("set", "set", "get", "del").get(random.nextInt(4));
  }

  /** Mostly bare, or with an empty area, or with somebody else's bytes, or with both. */
  private byte[] newPacket() {
    return switch (random.nextInt(14)) {
      case 0 -> area(false);
      case 1 -> foreign(4 * (1 + random.nextInt(MAX_METADATA_BYTES / 4)));
      case 2 -> foreign(info.areaBytes());
      case 3 -> { // another tag, or other bytes than zeros behind it
        byte[] other = area(false);
        other[other.length - 1 - random.nextInt(MARK_BYTES)] ^= (byte) (1 << random.nextInt(8));
        yield other;
      }
      case 4, 5, 6 -> behindOthers(area(false));
      case 7 -> { // fewer bytes than an area has
        byte[] ours = area(false);
        yield Arrays.copyOfRange(ours, 4, ours.length);
      }
      default -> new byte[0];
    };
  }

  /** With somebody else's bytes in front, where a frame has room for them. */
  private byte[] behindOthers(byte[] ours) {
    int words = (MAX_METADATA_BYTES - ours.length) / 4;
    byte[] others = foreign(words == 0 ? 0 : 4 * random.nextInt(1 + words));
    byte[] all = Arrays.copyOf(others, others.length + ours.length);
    System.arraycopy(ours, 0, all, others.length, ours.length);
    return all;
  }

  private byte[] foreign(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] area(boolean garbage) {
    byte[] area = garbage ? foreign(info.areaBytes()) : new byte[info.areaBytes()];
    if (garbage && random.nextInt(16) == 0) { // every id, with 8 bytes
      Arrays.fill(area, 0, 16, (byte) 0xff);
      return marked(area);
    }
    if (garbage && random.nextBoolean()) { // few bits, so that a packed header may be sound
      for (int keep = random.nextInt(7), at = 0; at < 16; at++) {
        area[at] = random.nextInt(16) < keep ? (byte) (1 << random.nextInt(8)) : 0;
      }
    }
    return marked(area);
  }

  private byte[] marked(byte[] area) {
    System.arraycopy(mark(), 0, area, area.length - MARK_BYTES, MARK_BYTES);
    return area;
  }

  private byte[] mark() {
    ByteBuffer mark = ByteBuffer.allocate(MARK_BYTES).order(ByteOrder.nativeOrder());
    MarkStruct.put(mark, 0, tag);
    return mark.array();
  }

  private List<Field> registered() {
    List<Field> registered = new ArrayList<>();
    for (Field field : fields) {
      if (field != null) {
        registered.add(field);
      }
    }
    return registered;
  }

  /** Publishes a registry with random ids, and slots where there are some left. */
  private void register(Layout layout, int area) throws IOException {
    info = new RegistryInfo(new UUID(random.nextLong(), random.nextLong()), 99, layout, area);
    tag = Tag.of(foreign(Tag.BYTES));
    List<Integer> ids = new ArrayList<>(IntStream.range(0, Field.IDS).boxed().toList());
    Collections.shuffle(ids, random);
    boolean[] taken = new boolean[area + 1]; // by distance from the packet
    fields.clear();
    for (int number = 0; number < sizes.size(); number++) {
      int slot = layout == Layout.SLOTTED ? slot(taken, sizes.get(number)) : 0;
      boolean leftOut = number == sizes.size() - 1 || slot < 0;
      fields.add(leftOut ? null : field(number, ids.get(number), slot));
    }
    try (FileChannel file =
        FileChannel.open(
            run.resolve("registry.bin"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(RegistryFile.create(Snapshot.of(info, registered()), 1));
    }
    Files.write(run.resolve("tag"), TagStruct.create(info, tag).array());
  }

  private static Field field(int number, int id, int slot) {
    return new Field.Builder(
            id, FieldSpec.of("test.f" + number, sizes.get(number)), FieldState.ACTIVE)
        .generation(3)
        .slot(slot)
        .owners(List.of(new Owner(0, "test")))
        .created(new Stamp(1 + number, 1))
        .build();
  }

  /** A free slot; -1 if there is none. */
  private static int slot(boolean[] taken, int size) {
    for (int slot = 16 + size; slot < taken.length; slot += size) {
      boolean free = true;
      for (int distance = slot; distance > slot - size; distance--) {
        free &= !taken[distance];
      }
      if (free) {
        for (int distance = slot; distance > slot - size; distance--) {
          taken[distance] = true;
        }
        return slot;
      }
    }
    return -1;
  }

  private List<String> kernel(List<String> calls) throws Exception {
    Path input = Files.write(run.resolve("calls"), calls);
    ProcessBuilder runner =
        new ProcessBuilder(
                built.resolve("runner").toString(), object.toString(), run.toString(), attachment)
            .redirectInput(input.toFile());
    return Ran.of(runner, Host.PATIENCE).ok().out().lines().toList();
  }
}
