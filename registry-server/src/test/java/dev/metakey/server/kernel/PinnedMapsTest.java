package dev.metakey.server.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import dev.metakey.layout.HeaderStruct;
import dev.metakey.layout.KeyStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Against the real kernel. */
@Timeout(60)
class PinnedMapsTest {
  private static final UUID ID = new UUID(0x0123456789abcdefL, 0x8123456789abcdefL);
  private static final long NOW = 1_700_000_000_000L;
  private static final int NOBODY = 65534;

  @RegisterExtension private final Bpffs bpffs = new Bpffs();

  private PinnedMaps maps() {
    return new PinnedMaps(bpffs.directory(), () -> NOW);
  }

  private static Snapshot snapshot(long revision, Field... fields) {
    return Snapshot.of(new RegistryInfo(ID, revision, Layout.SLOTTED, 128), List.of(fields));
  }

  private static Field field(int id, String name, FieldState state) {
    return new Field.Builder(id, FieldSpec.of(name, 8), state)
        .generation(1)
        .slot(24)
        .owners(List.of(new Owner(1000, KeyStruct.UNKNOWN)))
        .created(new Stamp(1, 0))
        .build();
  }

  private BpfMap open(String name) throws IOException {
    BpfMap map = BpfMap.openPinned(bpffs.directory().resolve(name));
    assertThat(map).as(name).isNotNull();
    return map;
  }

  private static ByteBuffer header(BpfMap map) throws IOException {
    return ByteBuffer.wrap(map.lookup(BpfMap.key(0))).order(ByteOrder.nativeOrder());
  }

  private static long seq(BpfMap map) throws IOException {
    return header(map).getLong(HeaderStruct.SEQ);
  }

  private static long revision(BpfMap map) throws IOException {
    return header(map).getLong(HeaderStruct.REVISION);
  }

  private static Field key(byte[] bytes) throws IOException {
    return bytes == null ? null : KeyStruct.get(ByteBuffer.wrap(bytes), 0);
  }

  private static Field byName(BpfMap names, String name) throws IOException {
    return key(names.lookup(PinnedMaps.nameKey(name)));
  }

  @Test
  void publish_whenNothingIsThere_makesThreeMapsOfTheState() throws Exception {
    Field active = field(0, "edge.packet_id", FieldState.ACTIVE);
    Field free = field(63, "edge.old", FieldState.FREE);
    Snapshot snapshot = snapshot(7, active, free);

    maps().publish(snapshot);

    try (BpfMap header = open("header");
        BpfMap ids = open("ids");
        BpfMap names = open("names")) {
      assertThat(header.shape()).isEqualTo(PinnedMaps.HEADER);
      assertThat(ids.shape()).isEqualTo(PinnedMaps.IDS);
      assertThat(names.shape()).isEqualTo(PinnedMaps.NAMES);
      ByteBuffer expected = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
      HeaderStruct.put(expected, 0, snapshot, NOW);
      expected.putLong(HeaderStruct.SEQ, 2);
      assertThat(header(header)).isEqualTo(expected);
      assertThat(key(ids.lookup(BpfMap.key(0)))).isEqualTo(active);
      assertThat(key(ids.lookup(BpfMap.key(1)))).isNull();
      assertThat(ids.lookup(BpfMap.key(1))[KeyStruct.ID]).isEqualTo((byte) 1);
      assertThat(key(ids.lookup(BpfMap.key(63)))).isEqualTo(free);
      assertThat(byName(names, "edge.packet_id")).isEqualTo(active);
      assertThat(byName(names, "edge.old")).isNull();
      assertThat(byName(names, "kernel.rx_hash").id()).isEqualTo(65);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(bpffs.directory())))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void publish_whenTheMapsFit_isSeenByThoseWhoHoldThem() throws Exception {
    maps().publish(snapshot(1, field(3, "edge.a", FieldState.ACTIVE)));
    try (BpfMap header = open("header");
        BpfMap ids = open("ids");
        BpfMap names = open("names")) {
      maps().publish(snapshot(2, field(3, "edge.b", FieldState.ACTIVE)));

      assertThat(revision(header)).isEqualTo(2);
      assertThat(seq(header)).isEqualTo(4);
      assertThat(key(ids.lookup(BpfMap.key(3))).name()).isEqualTo("edge.b");
      assertThat(byName(names, "edge.a")).isNull();
      assertThat(byName(names, "edge.b").id()).isEqualTo(3);
    }
  }

  @Test
  void publish_whenAMapHasAnotherShape_replacesAllAndSendsReadersAway() throws Exception {
    maps().publish(snapshot(1, field(3, "edge.a", FieldState.ACTIVE)));
    Path ids = bpffs.directory().resolve("ids");
    Files.delete(ids);
    BpfMap.Shape older = new BpfMap.Shape("mk_ids", BpfMap.ARRAY, 4, 88, 64, BpfMap.F_RDONLY_PROG);
    try (BpfMap map = BpfMap.create(older)) {
      map.pin(ids);
    }
    try (BpfMap before = open("header")) {
      maps().publish(snapshot(2, field(3, "edge.b", FieldState.ACTIVE)));
      maps().publish(snapshot(3, field(3, "edge.c", FieldState.ACTIVE)));

      assertThat(seq(before)).as("stays odd").isEqualTo(3);
      assertThat(revision(before)).isEqualTo(1);
    }
    try (BpfMap header = open("header");
        BpfMap replaced = open("ids")) {
      assertThat(revision(header)).isEqualTo(3);
      assertThat(replaced.shape()).isEqualTo(PinnedMaps.IDS);
      assertThat(key(replaced.lookup(BpfMap.key(3))).name()).isEqualTo("edge.c");
    }
    assertThat(bpffs.directory()).isDirectoryNotContaining("glob:**_new");
  }

  @Test
  void publish_whenAPinWasRemoved_makesItAgain() throws Exception {
    for (String name : List.of("header", "ids", "names")) {
      maps().publish(snapshot(1));
      Files.delete(bpffs.directory().resolve(name));
      maps().publish(snapshot(2));
      try (BpfMap header = open("header");
          BpfMap restored = open(name)) {
        assertThat(seq(header) & 1).isZero();
        assertThat(revision(header)).isEqualTo(2);
        assertThat(restored.shape().name()).isEqualTo("mk_" + name);
      }
    }
  }

  @Test
  void publish_whenADaemonDiedWhileWriting_finishes() throws Exception {
    maps().publish(snapshot(1));
    try (BpfMap header = open("header");
        BpfMap map = BpfMap.create(PinnedMaps.IDS)) {
      byte[] value = header.lookup(BpfMap.key(0));
      ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).putLong(HeaderStruct.SEQ, 5);
      header.update(BpfMap.key(0), value);
      map.pin(bpffs.directory().resolve("ids_new")); // as if it had died there another time

      maps().publish(snapshot(2));

      assertThat(seq(header)).isEqualTo(6);
      Files.delete(bpffs.directory().resolve("ids"));
      maps().publish(snapshot(3));
      assertThat(bpffs.directory()).isDirectoryNotContaining("glob:**_new");
    }
  }

  @Test
  void publish_whenAReaderLooksMeanwhile_showsItWholeStatesOnly() throws Exception {
    Snapshot odd = snapshot(1, field(5, "edge.odd", FieldState.ACTIVE));
    Snapshot even = snapshot(2, field(9, "edge.even", FieldState.ACTIVE));
    maps().publish(odd);
    AtomicBoolean done = new AtomicBoolean();
    try (BpfMap header = open("header");
        BpfMap ids = open("ids");
        BpfMap names = open("names")) {
      CompletableFuture<Long> reading =
          CompletableFuture.supplyAsync(() -> read(header, ids, names, done));
      for (int i = 0; i < 500; i++) {
        maps().publish(i % 2 == 0 ? even : odd);
      }
      done.set(true);
      assertThat(reading.get(30, TimeUnit.SECONDS)).isPositive();
    }
  }

  /** Returns how many views were taken; fails if one of them was not consistent. */
  private static long read(BpfMap header, BpfMap ids, BpfMap names, AtomicBoolean done) {
    long views = 0;
    try {
      while (!done.get() || views == 0) {
        long before = seq(header);
        VarHandle.acquireFence();
        boolean odd = revision(header) == 1;
        long low = header(header).getLong(HeaderStruct.LOW);
        byte[] five = ids.lookup(BpfMap.key(5));
        byte[] nine = ids.lookup(BpfMap.key(9));
        byte[] oddName = names.lookup(PinnedMaps.nameKey("edge.odd"));
        byte[] evenName = names.lookup(PinnedMaps.nameKey("edge.even"));
        VarHandle.acquireFence();
        if ((before & 1) == 0 && seq(header) == before) { // otherwise they may be half written
          assertThat(low).isEqualTo(1L << (odd ? 5 : 9));
          assertThat(key(five) == null).isNotEqualTo(odd);
          assertThat(key(nine) == null).isEqualTo(odd);
          assertThat(key(oddName) == null).isNotEqualTo(odd);
          assertThat(key(evenName) == null).isEqualTo(odd);
          views++;
        }
      }
      return views;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void publish_whenNothingIsMounted_saysHowAndHeals() throws Exception {
    bpffs.unmount();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> maps().publish(snapshot(1)))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "%s is not in a bpf file system; mount one: mount -t bpf bpf %s",
              bpffs.point(), bpffs.point());
    }
    assertThat(bpffs.directory()).doesNotExist();

    bpffs.mount();
    maps().publish(snapshot(2));
    try (BpfMap header = open("header")) {
      assertThat(revision(header)).isEqualTo(2);
    }
  }

  @Test
  void publish_whenTheMountIsReadOnly_saysSo() throws Exception {
    bpffs.unmount();
    bpffs.mount("ro");
    assertThatThrownBy(() -> maps().publish(snapshot(1)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(bpffs.directory().toString())
        .hasMessageContaining("Read-only");
  }

  @Test
  void publish_whenTheDirectorysNameHasADot_saysThatItMayNot() {
    Path dotted = bpffs.directory().resolveSibling("meta.key");
    assertThatThrownBy(() -> new PinnedMaps(dotted, () -> 1).publish(snapshot(1)))
        .hasMessageContainingAll(dotted.toString(), "names with dots are not allowed", "--bpffs");
  }

  @Test
  void withdraw_removesOurMapsAndVoidsThoseThatAreHeld() throws Exception {
    maps().publish(snapshot(1));
    UUID ours = snapshot(1).info().registryId();
    maps().withdraw(new UUID(7, 7)); // another registry's daemon
    try (BpfMap held = open("header")) {
      assertThat(seq(held) & 1).isZero();
      maps().withdraw(ours);
      assertThat(seq(held) & 1).as("odd for good").isOne();
    }
    assertThat(bpffs.directory()).doesNotExist();
    maps().withdraw(ours); // when nothing is there
  }

  @Test
  void publish_whenOthersMayWriteToTheDirectory_refuses() throws Exception {
    Files.createDirectory(bpffs.directory());
    Files.setAttribute(bpffs.directory(), "unix:uid", NOBODY);
    assertThatThrownBy(() -> maps().publish(snapshot(1)))
        .hasMessageContaining("belongs to uid 65534")
        .hasMessageContaining("chown -h 0 " + bpffs.directory());

    Files.setAttribute(bpffs.directory(), "unix:uid", 0);
    Files.setPosixFilePermissions(bpffs.directory(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> maps().publish(snapshot(1))).hasMessageContaining("mode rwxrwxrwx");
  }

  @Test
  void maps_whenTheReaderIsNobody_canBeReadAndNotWritten() throws Exception {
    maps().publish(snapshot(4, field(0, "edge.a", FieldState.ACTIVE)));
    FutureTask<Void> reading =
        new FutureTask<>(
            () -> {
              becomeNobody();
              readOnly(bpffs.directory().resolve("names"));
              assertThatThrownBy(() -> maps().publish(snapshot(5)))
                  .isInstanceOfSatisfying(
                      BpfException.class,
                      e -> assertThat(e.kind()).isEqualTo(BpfException.Kind.NOT_PERMITTED))
                  .hasMessageContaining("root");
              assertThatThrownBy(() -> new LoadedPrograms().scan())
                  .isInstanceOfSatisfying(
                      BpfException.class,
                      e -> assertThat(e.kind()).isEqualTo(BpfException.Kind.NOT_PERMITTED))
                  .hasMessageContaining("CAP_SYS_ADMIN");
              return null;
            });
    Thread nobody = new Thread(reading, "nobody");
    nobody.start();
    reading.get(30, TimeUnit.SECONDS);
  }

  /**
   * Gives this thread, and no other, the uid of nobody, as the system call changes one thread. The
   * thread cannot change back.
   */
  private static void becomeNobody() {
    assumeThat(System.getProperty("os.arch")).isIn("amd64", "aarch64");
    int setresuid = System.getProperty("os.arch").equals("amd64") ? 117 : 147;
    var unused = Libc.syscall(setresuid, NOBODY, new Pointer(NOBODY), NOBODY);
  }

  private static void readOnly(Path path) throws IOException {
    byte[] text = Native.toByteArray(path.toString());
    try (Memory attributes = Bpf.zeroed(Bpf.ATTR_BYTES);
        Memory memory = Bpf.zeroed(256)) {
      memory.write(0, text, 0, text.length);
      attributes.setPointer(0, memory);
      attributes.setInt(12, Bpf.F_RDONLY); // file_flags
      try (Bpf.Fd fd = new Bpf.Fd(Bpf.call(Bpf.Command.OBJ_GET, attributes, "open as nobody"))) {
        attributes.clear();
        memory.write(0, PinnedMaps.nameKey("edge.a"), 0, KeyStruct.NAME_BYTES);
        attributes.setInt(0, fd.number());
        attributes.setPointer(8, memory);
        attributes.setPointer(16, memory.share(KeyStruct.NAME_BYTES));
        assertThat(Bpf.call(Bpf.Command.MAP_LOOKUP_ELEM, attributes, "read as nobody")).isZero();
        assertThat(memory.getString(KeyStruct.NAME_BYTES)).isEqualTo("edge.a");
        assertThatThrownBy(
                () -> Bpf.call(Bpf.Command.MAP_UPDATE_ELEM, attributes, "write as nobody"))
            .hasCauseInstanceOf(LastErrorException.class)
            .hasMessageContaining("MAP_UPDATE_ELEM: Operation not permitted");
      }
    }
  }
}
