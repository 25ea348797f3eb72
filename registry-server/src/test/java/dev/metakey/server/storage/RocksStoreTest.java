package dev.metakey.server.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.metakey.model.Change;
import dev.metakey.model.Layout;
import dev.metakey.server.OpenFiles;
import dev.metakey.server.domain.RegistryState;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBatch;

@Timeout(120)
final class RocksStoreTest extends StoreContract {
  private static final int COMMITS = 200;
  private static final long MOST_BYTES_OF_A_COMMIT = 24_000; // it was 19,300

  @TempDir private Path temp;
  private Path mounted;

  @Override
  Store over(Supplier<RegistryState> whenEmpty) {
    return new RocksStore(data(), whenEmpty);
  }

  private Path data() {
    return (mounted == null ? temp : mounted).resolve("lib/metakey");
  }

  /** A disk of its own, so that it can be filled. */
  @Override
  void useDiskThatCanBreak() {
    mount("-t", "tmpfs", "-o", "size=16m", "metakey-test");
  }

  /** From now on the data lives on that file system. */
  private void mount(String... what) {
    mounted = temp.resolve("disk");
    boolean done = false;
    try {
      Files.createDirectories(mounted);
      List<String> command = new ArrayList<>(List.of("mount"));
      command.addAll(List.of(what));
      command.add(mounted.toString());
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      done = process.waitFor() == 0;
      assumeTrue(done, "needs root, and the right to mount: " + said);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      if (!done) {
        mounted = null;
      }
    }
  }

  @Override
  void breakDisk() throws IOException {
    byte[] block = new byte[4096];
    try (RandomAccessFile filler = new RandomAccessFile(filler(), "rw")) {
      while (true) {
        filler.write(block);
      }
    } catch (IOException full) {
      assertThat(mounted.toFile().getUsableSpace()).isZero();
    }
  }

  @Override
  void mendDisk() throws IOException {
    Files.delete(filler().toPath());
  }

  private File filler() {
    return mounted.resolve("filler").toFile();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted != null) {
      closeStores();
      run("umount", mounted.toString());
      mounted = null;
    }
  }

  @Test
  void open_makesADirectoryForTheDaemonAlone() throws Exception {
    store().open();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data())))
        .isEqualTo("rwx------");
    assertThat(Files.readAllLines(data().resolve("metakeyd.lock")))
        .first()
        .isEqualTo(Long.toString(ProcessHandle.current().pid()));
  }

  @Test
  void open_whenThePathIsAFile_isRefused() throws Exception {
    Files.createDirectories(data().getParent());
    Files.writeString(data(), "mine");

    assertRefused(data() + " is not a directory");
    assertThat(data()).hasContent("mine");
  }

  @Test
  void open_whenAParentIsAFile_isRefused() throws Exception {
    Files.writeString(data().getParent(), "mine");

    assertRefused(data().getParent() + " is not a directory");
  }

  @Test
  void open_whenThePathIsADanglingLink_isRefused() throws Exception {
    Files.createDirectories(data().getParent());
    Files.createSymbolicLink(data(), temp.resolve("nowhere"));

    assertRefused("is not a directory");
  }

  @Test
  void open_whenTheDirectoryMayNotBeWritten_isRefused() throws Exception {
    assumeTrue(!isRoot(), "root may write everywhere: run this as another user");
    Files.createDirectories(data());
    Files.setPosixFilePermissions(data(), PosixFilePermissions.fromString("r-x------"));

    assertRefused("no permission", "belongs to", "chown");
  }

  @Test
  void open_whenTheFileSystemIsReadOnly_isRefused() throws Exception {
    useDiskThatCanBreak();
    store().open();
    closeStores();
    run("mount", "-o", "remount,ro", mounted.toString());

    assertRefused("mounted read-only", "mount it read-write");
  }

  @Test
  void open_whenTheDiskIsFull_isRefusedAndWorksLater() throws Exception {
    useDiskThatCanBreak();
    breakDisk();

    assertRefused("full", "free some space");

    mendDisk();
    assertThat(store().open().revision()).isZero();
  }

  @Test
  void open_whenAnotherStoreOfThisProcessHasIt_isRefused() throws Exception {
    Store first = store();
    first.open();

    for (int i = 0; i < 2; i++) {
      try (Store second = over(() -> null)) {
        assertThatThrownBy(second::open)
            .hasMessageContaining("another metakeyd (pid " + ProcessHandle.current().pid() + ")");
      }
    }

    assertThat(lockedByUs()).as("the lock that the kernel knows of").isTrue();
    first.open();
  }

  @Test
  void open_whenAnotherProcessHasIt_isRefusedNamingIt() throws Exception {
    Process other = commitElsewhere();
    try (BufferedReader acknowledged = other.inputReader()) {
      assertThat(acknowledged.readLine()).isEqualTo("0");

      assertRefused("another metakeyd (pid " + other.pid() + ")", "stop that one");
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(store().open().revision()).isNotNegative();
  }

  @Test
  void open_afterItFailed_keepsTheLock() throws Exception {
    Store store = store();
    store.open();
    closeStores();
    withDatabase((open, batch) -> open.putFact(batch, RocksStore.FORMAT_FACT, format(3)));

    Store refused = store();
    assertThatThrownBy(refused::open).isInstanceOf(StoreException.class);
    assertThat(lockedByUs()).isTrue();
    refused.close();
    assertThat(lockedByUs()).isFalse();
  }

  @Test
  void open_whenTheFormatIsNewer_isRefusedAndChangesNothing() throws Exception {
    store().open();
    closeStores();
    withDatabase((open, batch) -> open.putFact(batch, RocksStore.FORMAT_FACT, format(3)));
    Map<String, String> before = contents();

    assertRefused("format 3", "reads format 2", "run the metakeyd that wrote it");

    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void open_whenTheFactsAreGarbage_isRecovered() throws Exception {
    store().open();
    closeStores();
    withDatabase((open, batch) -> open.putFact(batch, RocksStore.REGISTRY_FACT, new byte[] {2, 2}));

    assertRecovered("facts record of 2 bytes");
  }

  @Test
  void open_whenARecordIsNewer_isRefused() throws Exception {
    store().open();
    closeStores();
    withDatabase((open, batch) -> open.putKey(batch, 5, new byte[] {77}));

    assertRefused("version 77");
  }

  @Test
  void open_whenTheFormatIsGarbage_isRecovered() throws Exception {
    store().open();
    closeStores();
    withDatabase((open, batch) -> open.putFact(batch, RocksStore.FORMAT_FACT, new byte[3]));

    assertRecovered("format");
  }

  @Test
  void open_whenTheFactsAreMissingAndThereIsNoCopy_isReadOnly() throws Exception {
    Files.createDirectories(data());
    withDatabase((open, batch) -> open.putChange(batch, 3, new byte[] {1}));

    RocksStore store = (RocksStore) store();
    store.open();
    assertThat(store.readOnly()).contains("damaged", "--recover-from", data().toString());
  }

  @Test
  void open_whenHistoryAndFactsDisagree_isRecovered() throws Exception {
    store().open();
    closeStores();
    withDatabase((open, batch) -> open.putChange(batch, 3, new byte[] {1}));

    assertRecovered("last change has revision 3, its facts say 0");
  }

  @Test
  void open_whenTheLogIsDamagedBeforeItsEnd_isRecovered() throws Exception {
    RandomRegistry registry = killedAfter(20);
    Path log = log();
    flip(log, (int) Files.size(log) / 2);

    assertThat(assertRecovered("").revision()).isEqualTo(registry.state().revision());
  }

  @Test
  void open_whenTheLogWasCutWhileItWasWritten_hasWholeCommits() throws Exception {
    killedAfter(20);
    for (String name : StateCopy.NAMES) { // nobody was told of the last commit
      Files.delete(data().resolve(name));
    }
    Path log = log();
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
      file.setLength(file.length() - 7);
    }

    RandomRegistry expected = new RandomRegistry(Committer.SEED);
    while (expected.state().revision() < 38) {
      expected.next(2, 0);
    }
    Store store = store();
    assertSame(store.open(), expected.state());
    assertThat(store.history(0, 100)).hasSize(38);
  }

  @Test
  void open_whenTheLastCommitReachedOnlyTheCopy_isTheSameRegistryWithItsHistory() throws Exception {
    RandomRegistry registry = killedAfter(20);
    try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "rw")) {
      file.setLength(file.length() - 7);
    }

    RocksStore store = (RocksStore) store();
    assertSame(store.open(), registry.state());
    assertThat(store.recovery()).isNull();
    assertThat(store.history(0, 100)).hasSize(40);
    closeStores();
    assertSame(store().open(), registry.state());
  }

  @Test
  void open_whenTheDiskWasCopiedToAnotherMachine_hasANewIdAndAllElse() throws Exception {
    RegistryState made = killedAfter(3).state();

    assertSame(openOn(""), made); // a machine that is not known does not count as another one
    assertSame(openOn("one"), made);
    RegistryState original = openOn("");
    assertSame(original, made);
    RegistryState copied = openOn("two");

    assertThat(copied.snapshot().info().registryId()).isNotEqualTo(ID);
    assertThat(copied.snapshot().records()).isEqualTo(original.snapshot().records());
    assertThat(copied.clock()).isEqualTo(original.clock());
    assertThat(copied.tag()).isNotEqualTo(original.tag());
    assertThat(copied.tag().isNone()).isFalse();
    assertThat(data().resolve(DataFiles.REPORT))
        .content()
        .contains("another machine", "/etc/machine-id");
    Files.delete(data().resolve(DataFiles.REPORT));
    assertSame(openOn("two"), copied);
    assertThat(data().resolve(DataFiles.REPORT)).doesNotExist();
  }

  private RegistryState openOn(String machine) throws Exception {
    Evidence none = Evidence.none();
    Evidence evidence =
        new Evidence(
            List.of(), List.of(), List.of(), machine, List.of(), none.newId(), none.newTag(), 1);
    try (RocksStore store =
        new RocksStore(data(), () -> RegistryState.empty(ID, Layout.SLOTTED, 128), evidence)) {
      RegistryState state = store.open();
      assertThat(store.history(0, 100)).hasSize((int) state.revision());
      return state;
    }
  }

  @Test
  void check_whenTheDirectoryIsRenamed_failsUntilItIsBack() throws Exception {
    RandomRegistry registry = new RandomRegistry(1);
    RegistryState empty = registry.state();
    Store store = over(() -> empty);
    store.open();
    store.check();
    Path away = data().resolveSibling("away");
    Files.move(data(), away);

    assertThatThrownBy(store::check)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("renamed")
        .hasMessageContaining("--recover-from");
    List<Change> changes = registry.next(1, 1);
    assertThatThrownBy(() -> store.commit(registry.state(), changes))
        .isInstanceOf(StoreException.class);
    assertThatThrownBy(store::open).hasMessageContaining("renamed");
    assertThat(data()).doesNotExist();

    Files.createDirectory(
        data(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    assertThatThrownBy(store::open).hasMessageContaining("replaced");
    Files.delete(data());
    Files.move(away, data());
    assertSame(store.open(), empty);
    store.commit(registry.state(), changes);
    store.check();
    store.close();
  }

  @Test
  void commit_whenTheDirectoryWasRemoved_isRefused() throws Exception {
    RandomRegistry registry = new RandomRegistry(1);
    RegistryState empty = registry.state();
    try (Store store = over(() -> empty)) {
      store.open();
      run("rm", "-r", data().toString());
      List<Change> changes = registry.next(1, 1);

      assertThatThrownBy(() -> store.commit(registry.state(), changes))
          .hasMessageContaining("removed");
    }
    assertThat(data()).doesNotExist();
  }

  @Test
  void check_whenAFileThatIsOpenWasRemoved_saysWhich() throws Exception {
    RandomRegistry registry = killedAfter(20);
    Store reopened = store();
    assertSame(reopened.open(), registry.state());
    reopened.check();
    for (String name : List.of("CURRENT", "MANIFEST-", ".log", "state-copy.1", ".sst")) {
      Path file = fileLike(name);
      Path away = temp.resolve("away");
      Files.move(file, away);
      assertThatThrownBy(reopened::check)
          .as(name)
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("is not complete");
      Files.move(away, file, StandardCopyOption.REPLACE_EXISTING);
      assertSame(reopened.open(), registry.state());
      reopened.check();
    }
    Files.delete(data().resolve("state-copy.1"));
    assertThatThrownBy(reopened::check).hasMessageContaining("state copy");
    assertSame(reopened.open(), registry.state());
    assertThat(data().resolve("state-copy.1")).isNotEmptyFile();
    reopened.check();
  }

  private Path fileLike(String part) throws IOException {
    try (Stream<Path> files = Files.list(data())) {
      return files.filter(file -> file.toString().contains(part)).findFirst().orElseThrow();
    }
  }

  @Test
  void open_whenADaemonStillHasTheDirectoryThatWasThere_isRefusedNamingIt() throws Exception {
    Process other = commitElsewhere("hold");
    try {
      assertThat(other.inputReader().readLine()).isNotNull();
      for (String[] lose :
          new String[][] {{"mv", data().toString(), data() + "2"}, {"rm", "-rf", data() + "2"}}) {
        run(lose);
        Store second = over(() -> RegistryState.empty(ID, Layout.SLOTTED, 128));
        assertThatThrownBy(second::open)
            .as(lose[0])
            .hasMessageContaining("is in use")
            .hasMessageContaining("pid " + other.pid());
        second.close();
      }
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(store().open().revision()).isZero();
  }

  @Test
  void commit_whenTheProcessIsKilled_isThereOnceItWasAcknowledged() throws Exception {
    for (int round = 0; round < 6; round++) {
      Process other = commitElsewhere();
      long last = 0;
      try (BufferedReader acknowledged = other.inputReader()) {
        String line = acknowledged.readLine();
        assertThat(line).as("the child opened the store").isNotNull();
        ExecutorService killer = Executors.newSingleThreadExecutor();
        Future<?> killed =
            killer.submit(
                () -> {
                  TimeUnit.MILLISECONDS.sleep(50 + 60 * (long) (Math.random() * 5));
                  other.toHandle().destroyForcibly();
                  return null;
                });
        for (; line != null; line = acknowledged.readLine()) {
          last = Long.parseLong(line);
        }
        killed.get();
        killer.shutdown();
      }
      assertThat(other.waitFor()).as("killed").isEqualTo(128 + 9);

      Store store = store();
      RegistryState found = store.open();
      System.out.printf("acknowledged %d, found %d%n", last, found.revision());
      assertThat(found.revision()).isBetween(last, last + 2);
      RandomRegistry expected = new RandomRegistry(Committer.SEED);
      while (expected.state().revision() < found.revision()) {
        expected.next(2, 0);
      }
      assertSame(found, expected.state());
      assertThat(store.history(0, Integer.MAX_VALUE)).hasSize((int) found.revision());
      closeStores();
    }
  }

  /**
   * The image below a file system holds only what the file system has given to its disk. So a copy
   * of the image is what a power loss leaves.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 10, 16, 17, 40})
  void commit_whenThePowerGoes_isThereOnceItWasAcknowledged(int commits) throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/loop-control")), "needs loop devices");
    Path image = temp.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(64 << 20);
    }
    run("mkfs.ext4", "-q", image.toString());
    mount("-o", "loop,commit=300", image.toString());
    RandomRegistry registry = new RandomRegistry(6);
    Store store = store(registry::state);
    store.open();
    registry.commitTo(store, commits, 2);

    Path left = Files.copy(image, temp.resolve("left"));
    unmount();
    mount("-o", "loop", left.toString());

    store = store();
    assertSame(store.open(), registry.state());
    assertThat(((RocksStore) store).recovery()).isNull();
    assertThat(store.history(0, 100)).hasSize(2 * commits);
  }

  /** A file system may write the end of a log before its middle; RocksDB passes over the hole. */
  @Test
  void open_whenThePowerTookACommitFromTheMiddle_isTheSameRegistryWithItsHistory()
      throws Exception {
    RandomRegistry registry = new RandomRegistry(6);
    try (RocksStore store = (RocksStore) store(registry::state)) {
      store.open();
    }
    List<RegistryState> states = new ArrayList<>();
    List<List<Change>> commits = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      commits.add(registry.next(2, 0));
      states.add(registry.state());
    }
    try (Database database = new Database(data(), Database.Mode.WRITE)) {
      for (int i : new int[] {0, 1, 3, 4}) {
        database.commit(new Contents(states.get(i), List.of()), commits.get(i));
      }
    }
    StateCopy copy = new StateCopy(data());
    for (int i = 0; i < 5; i++) {
      copy.continueAfter(StateCopy.read(data(), new ArrayList<>()));
      copy.write(new Contents(states.get(i), List.of()), commits.get(i));
    }
    copy.close();

    RocksStore store = (RocksStore) store();
    assertSame(store.open(), registry.state());
    assertThat(store.recovery()).isNull();
    assertThat(store.history(0, 100)).hasSize(10);
  }

  @Test
  void history_whileTheStoreIsOpenedAndClosed_isRefusedAtWorst() throws Exception {
    killedAfter(50);
    Store store = store();
    store.open();
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong read = new AtomicLong();
    ExecutorService readers = Executors.newFixedThreadPool(3);
    List<Future<?>> all =
        Stream.generate(() -> readers.<Void>submit(() -> readUntil(stop, store, read)))
            .limit(3)
            .<Future<?>>map(future -> future)
            .toList();

    for (int i = 0; i < 40; i++) {
      store.open();
      if (i % 4 == 3) {
        store.close();
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
    stop.set(true);
    for (Future<?> reader : all) {
      reader.get();
    }
    readers.shutdown();

    assertThat(read).hasPositiveValue();
  }

  private static Void readUntil(AtomicBoolean stop, Store store, AtomicLong read) {
    while (!stop.get()) {
      try {
        assertThat(store.history(0, 1000)).hasSize(100);
        assertThat(store.oldestRevision()).isEqualTo(1);
        read.incrementAndGet();
      } catch (StoreException closed) {
        assertThat(closed).hasMessageContaining("not open");
      }
    }
    return null;
  }

  @Test
  void open_manyTimes_leaksNoFile() throws Exception {
    try (Store first = store()) {
      first.open(); // now everything is open that the JVM opens once
    }
    Map<String, Long> closed = OpenFiles.now();
    Store store = store();
    store.open();
    store.open();
    Map<String, Long> open = OpenFiles.now();

    for (int i = 0; i < 20; i++) {
      store.open();
    }

    assertThat(OpenFiles.now()).isEqualTo(open);
    store.close();
    assertThat(OpenFiles.now()).isEqualTo(closed);
  }

  @Test
  void open_whenManyChangesWereCommitted_keepsTheDatabaseSmall() throws Exception {
    RandomRegistry registry = new RandomRegistry(9);
    Store store = store(registry::state);
    store.open();
    for (int i = 0; i < 200; i++) {
      registry.commitTo(store, 1, 100);
      store.trim(500, 0);
    }

    assertThat(store.oldestRevision()).isEqualTo(20_000 - 500 + 1);
    assertSame(store.open(), registry.state());
    assertThat(store.history(0, 1000)).hasSize(500);
    assertThat(bytesOnDisk()).isLessThan(24 << 20);
  }

  /** 20,000 changes, in tables. */
  private RandomRegistry withLongHistory() throws Exception {
    RandomRegistry registry = new RandomRegistry(9);
    Store store = store(registry::state);
    store.open();
    registry.commitTo(store, 200, 100);
    closeStores();
    return registry;
  }

  @Test
  void open_whenTheHistoryIsLong_readsLittleOfIt() throws Exception {
    withLongHistory();
    store().open(); // whatever the process reads once
    closeStores();
    long before = bytesRead();

    store().open();

    assertThat(bytesRead() - before).isLessThan(bytesOnDisk() / 8);
  }

  /** By this process, through read(2) and the like. */
  private static long bytesRead() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/io")).stream()
        .filter(line -> line.startsWith("rchar: "))
        .mapToLong(line -> Long.parseLong(line.substring("rchar: ".length())))
        .sum();
  }

  @Test
  void open_whenTheHistoryIsDamaged_startsAndTheNextStartRecovers() throws Exception {
    RandomRegistry registry = withLongHistory();
    flip(largestTable(), 1000);

    RocksStore store = (RocksStore) store();
    assertSame(store.open(), registry.state());
    assertThat(store.damage()).isNull();
    store.checkHistory();
    assertThat(store.damage()).contains("the history of changes", "is damaged", "restart metakeyd");
    closeStores();

    assertThat(assertRecovered("damaged").snapshot().records())
        .hasSameSizeAs(registry.state().snapshot().records());
    closeStores();
    RocksStore next = (RocksStore) store();
    next.open();
    assertThat(next.recovery()).isNull();
  }

  @Test
  void commit_ofOneChange_allocatesLittle() throws Exception {
    RandomRegistry registry = new RandomRegistry(Committer.SEED);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long bytes = 0;
    try (RocksStore store = new RocksStore(data(), registry::state)) {
      var unused = store.open();
      for (int i = 0; i < 2 * COMMITS; i++) {
        List<Change> changes = registry.next(1, 0);
        long before = threads.getCurrentThreadAllocatedBytes();
        store.commit(registry.state(), changes);
        bytes += i < COMMITS ? 0 : threads.getCurrentThreadAllocatedBytes() - before;
      }
    }
    assertThat(bytes / COMMITS).isLessThan(MOST_BYTES_OF_A_COMMIT);
  }

  @Test
  void open_whenTheHistoryWasDamagedAndIsSoundAgain_isTheSameRegistry() throws Exception {
    RandomRegistry registry = withLongHistory();
    Path table = largestTable();
    flip(table, 1000);
    RocksStore store = (RocksStore) store();
    store.open();
    store.checkHistory();
    closeStores();
    flip(table, 1000);

    RocksStore next = (RocksStore) store();
    assertSame(next.open(), registry.state());
    next.checkHistory();
    assertThat(next.damage()).isNull();
    assertThat(data().resolve(HistoryDamage.NOTE)).doesNotExist();
  }

  private Path largestTable() throws IOException {
    try (Stream<Path> files = Files.list(data())) {
      return files
          .filter(file -> file.toString().endsWith(".sst"))
          .max(Comparator.comparingLong(file -> file.toFile().length()))
          .orElseThrow();
    }
  }

  /** Leaves the data as a kill does: what was committed is in the log. */
  private RandomRegistry killedAfter(int commits) throws Exception {
    RandomRegistry registry = new RandomRegistry(Committer.SEED);
    Store store = store(registry::state);
    store.open();
    registry.commitTo(store, commits, 2);
    Path image = temp.resolve("image");
    run("cp", "-r", data().toString(), image.toString());
    closeStores();
    run("rm", "-r", data().toString());
    run("mv", image.toString(), data().toString());
    return registry;
  }

  private void assertRefused(String... says) {
    Store store = store();
    assertThatThrownBy(store::open)
        .isInstanceOf(StoreException.class)
        .satisfies(e -> System.out.println(e.getMessage()))
        .message()
        .contains(says)
        .doesNotContain("\n");
  }

  /**
   * Checks that the registry is there again under another id, and that what was there before is
   * kept.
   */
  private RegistryState assertRecovered(String says) throws Exception {
    RocksStore store = (RocksStore) store();
    RegistryState state = store.open();
    assertThat(store.readOnly()).isNull();
    assertThat(store.recovery()).contains(says, data().resolve("damaged-1").toString());
    assertThat(state.snapshot().info().registryId()).isNotEqualTo(ID);
    assertThat(data().resolve("damaged-1/CURRENT")).exists();
    return state;
  }

  private interface Edit {
    void apply(Database open, WriteBatch batch) throws Exception;
  }

  private void withDatabase(Edit edit) throws Exception {
    RocksDB.loadLibrary();
    try (Database open = new Database(data(), Database.Mode.CREATE);
        WriteBatch batch = new WriteBatch()) {
      edit.apply(open, batch);
      open.write(batch);
    }
  }

  private static byte[] format(int number) {
    return ByteBuffer.allocate(4).putInt(number).array();
  }

  private Process commitElsewhere(String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Committer.class.getName(),
                data().toString()));
    command.addAll(List.of(more));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** What flock(1) would see: whether this process holds a POSIX lock on the lock file. */
  private boolean lockedByUs() throws IOException {
    Object inode = Files.getAttribute(data().resolve("metakeyd.lock"), "unix:ino");
    long pid = ProcessHandle.current().pid();
    try (Stream<String> locks = Files.lines(Path.of("/proc/locks"))) {
      return locks.anyMatch(
          line -> line.contains(" WRITE " + pid + " ") && line.contains(":" + inode + " "));
    }
  }

  /** The log that holds the commits: the largest. */
  private Path log() throws IOException {
    try (Stream<Path> files = Files.list(data())) {
      return files
          .filter(file -> file.toString().endsWith(".log"))
          .max((a, b) -> Long.compare(a.toFile().length(), b.toFile().length()))
          .orElseThrow();
    }
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    Files.write(file, bytes);
  }

  /** Every file but our lock, with a hash of what is in it and when it was written. */
  private Map<String, String> contents() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> files = Files.list(data())) {
      for (Path file : files.toList()) {
        if (!file.endsWith("metakeyd.lock")) {
          String content = Integer.toHexString(Arrays.hashCode(Files.readAllBytes(file)));
          found.put(file.toString(), content + " " + Files.getLastModifiedTime(file));
        }
      }
    }
    return found;
  }

  private long bytesOnDisk() throws IOException {
    try (Stream<Path> files = Files.list(data())) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  private static boolean isRoot() throws IOException {
    return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
  }
}
