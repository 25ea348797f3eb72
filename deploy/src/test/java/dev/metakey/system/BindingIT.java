package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.layout.RegistryFile;
import dev.metakey.layout.TagStruct;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code metakey_user.h} binds an object to a published registry, or says what is wrong. */
@LoadedPrograms.Loaded
class BindingIT {
  static final UUID REGISTRY = new UUID(1, 2);
  private static final Tag TAG = Tag.of(new byte[] {1, 2, 3, 4, 5, 6});

  @TempDir static Path built;
  @TempDir Path run;

  @BeforeAll
  static void compile() throws Exception {
    Requires.bpf();
    CBuild.bpf(CBuild.clangs().get(0), CBuild.source("fields.bpf.c"), built.resolve("fields.o"));
    CBuild.program(CBuild.source("binding.c"), built.resolve("binding"));
  }

  @Test
  void bind_whenSomeNamesAreUnknown_bindsTheOthersAndNamesTheFirst() throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18), field("test.f2", 8, 1, 32));
    assertThat(bind(run.toString()))
        .satisfiesExactly(
            read -> assertThat(read).isEqualTo("read 0 "),
            bind -> assertThat(bind).startsWith("bind -2 field test.f1: is not registered"),
            linked -> assertThat(linked).isEqualTo("linked 2 of 24"),
            check -> assertThat(check).isEqualTo("check 0 "),
            again -> assertThat(again).startsWith("again -16 the object is loaded already"));
  }

  @Test
  void bind_whenNameWasFreedAndRegisteredAgain_takesTheLiveField() throws Exception {
    Field freed = field("test.f0", 2, 1, 18).toBuilder().state(FieldState.FREE).slot(0).build();
    publish(run, REGISTRY, freed, field("test.f0", 2, 1, 20)); // ids 18 and 20
    assertThat(bind(run.toString()))
        .contains("linked 1 of 24", "check 0 ")
        .noneMatch(line -> line.contains("field test.f0"));
  }

  @Test
  void bind_whenNameIsOnlyThatOfAFreedId_isNotRegistered() throws Exception {
    Field freed = field("test.f0", 2, 1, 18).toBuilder().state(FieldState.FREE).slot(0).build();
    publish(run, REGISTRY, freed);
    assertThat(bind(run.toString()).get(1)).startsWith("bind -2 field test.f0: is not registered");
  }

  @Test
  void bind_whenSizeDiffers_isRefusedAndBindsNothing() throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18), field("test.f1", 8, 1, 32));
    List<String> said = bind(run.toString());
    assertThat(said.get(1)).startsWith("bind -22 field test.f1: the program says 4 bytes");
    assertThat(said.get(2)).isEqualTo("linked 0 of 24");
  }

  @Test
  void bind_whenSlotDoesNotFit_isRefused() throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 130));
    assertThat(bind(run.toString()).get(1)).startsWith("bind -74 field test.f0: slot 130");
  }

  @Test
  void check_whenRegistryIsAnotherOrMovedOn_isStale(@TempDir Path later) throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18));
    publish(later, REGISTRY, field("test.f0", 2, 2, 18));
    assertThat(bind(run.toString(), later.toString()).get(3))
        .startsWith("check -116 field test.f0: the registry has a newer generation");
    publish(later, REGISTRY, field("test.f0", 2, 1, 20));
    assertThat(bind(run.toString(), later.toString()).get(3)).contains("-116", "another place");
    publish(later, new UUID(3, 4), field("test.f0", 2, 1, 18));
    assertThat(bind(run.toString(), later.toString()).get(3)).contains("-116", "another registry");
    publish(later, REGISTRY);
    assertThat(bind(run.toString(), later.toString()).get(3)).startsWith("check -2 field test.f0");
  }

  @Test
  void bind_whenTheTagCannotBeRead_saysWhoMayAndBindsNothing() throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18));
    Files.delete(run.resolve("tag"));
    List<String> said = bind(run.toString());
    assertThat(said.get(0)).isEqualTo("read 0 ");
    assertThat(said.get(1)).startsWith("bind -2 the tag").contains("group metakey");
    assertThat(said.get(2)).isEqualTo("linked 0 of 24");
  }

  @Test
  void bind_whenTheTagIsOfAnotherRegistry_isRefused() throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18));
    RegistryInfo other = new RegistryInfo(new UUID(7, 7), 9, Layout.SLOTTED, 128);
    Files.write(run.resolve("tag"), TagStruct.create(other, TAG).array());
    assertThat(bind(run.toString()).get(1)).startsWith("bind -116 the tag");
  }

  @Test
  void check_whenTheTagWasMadeAnew_isStale(@TempDir Path later) throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18));
    publish(later, REGISTRY, field("test.f0", 2, 1, 18));
    RegistryInfo info = new RegistryInfo(REGISTRY, 9, Layout.SLOTTED, 128);
    Tag another = Tag.of(new byte[] {6, 5, 4, 3, 2, 1});
    Files.write(later.resolve("tag"), TagStruct.create(info, another).array());
    assertThat(bind(run.toString(), later.toString()).get(3)).contains("-116", "another tag");
  }

  @Test
  void read_whenNothingIsThere_saysWhereItLooked() throws Exception {
    assertThat(bind("-"))
        .containsExactly("read -2 %s: No such file or directory".formatted(file()));
  }

  @Test
  void read_whenFileIsNoRegistry_saysSo() throws Exception {
    Files.write(file(), new byte[10]);
    assertThat(bind("-")).containsExactly("read -74 %s: has 10 bytes of 6272".formatted(file()));
    Files.write(file(), new byte[RegistryFile.BYTES]);
    assertThat(bind("-").get(0)).startsWith("read -74 ").contains("does not start with METAKEY");
  }

  @Test
  void read_whenItsWriterDied_givesUp() throws Exception {
    publish(run, REGISTRY, field("test.f0", 2, 1, 18));
    try (FileChannel file = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(8).putLong(0, -1L), RegistryFile.SEQ); // odd in both orders
    }
    assertThat(bind("-").get(0)).startsWith("read -11 ").contains("start metakeyd");
  }

  private Path file() {
    return run.resolve("registry.bin");
  }

  private List<String> bind(String... folders) throws Exception {
    ProcessBuilder binding =
        new ProcessBuilder(
            built.resolve("binding").toString(), built.resolve("fields.o").toString());
    binding.command().addAll(List.of(folders));
    binding.environment().put("METAKEY_RUN", run.toString());
    return Ran.of(binding, Host.PATIENCE).ok().out().lines().toList();
  }

  static Field field(String name, int size, int generation, int slot) {
    return new Field.Builder(slot % 64, FieldSpec.of(name, size), FieldState.ACTIVE)
        .generation(generation)
        .slot(slot)
        .created(new Stamp(1, 1))
        .build();
  }

  static void publish(Path folder, UUID id, Field... fields) throws Exception {
    RegistryInfo info = new RegistryInfo(id, 9, Layout.SLOTTED, 128);
    try (FileChannel file =
        FileChannel.open(
            folder.resolve("registry.bin"),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      file.write(RegistryFile.create(Snapshot.of(info, List.of(fields)), 1));
    }
    Files.write(folder.resolve("tag"), TagStruct.create(info, TAG).array());
  }
}
