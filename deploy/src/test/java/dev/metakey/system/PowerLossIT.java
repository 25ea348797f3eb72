package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The power goes, again and again, under changing clients: what was answered is never lost. A
 * {@code kill -9} cannot tell a synced change from one that only the kernel knew. So here the data
 * are on an ext4 of their own, which is shut down as it is (EXT4_IOC_SHUTDOWN without flushing):
 * what had not reached the disk then is gone. {@code -Dmetakey.powerLossRounds=N} makes it longer.
 *
 * <p>What is answered while it shuts down does not count: an fdatasync that finds its journal
 * transaction gone with the journal returns 0, and the daemon believes it. Without power there is
 * nobody to return to.
 */
@LoadedPrograms.Seen
class PowerLossIT {
  private static final int ROUNDS = Integer.getInteger("metakey.powerLossRounds", 6);
  private static final int LONGEST_LIFE_MS = 500;

  /** _IOR('X', 125, __u32) with EXT4_GOING_FLAGS_NOLOGFLUSH, from fs/ext4/ext4.h. */
  static final String SHUT_DOWN =
      "my $how = pack('L', 2); open(F, '<', $ARGV[0]) or die $!; <STDIN>; ioctl(F, 0x8004587d, $how) or die $!";

  @RegisterExtension final Host host = new Host().seeingPrograms();

  private final Outages outages = new Outages();

  @Test
  void registry_whenThePowerGoesUnderLoad_keepsWhatWasAnswered() throws Exception {
    Requires.loopDevices();
    Random random = Seed.random("power loss");
    host.configure("area: 216", "quarantine: 100ms");
    Path disk = host.root().resolve("disk.img");
    run("truncate", "-s", "64M", disk.toString());
    run("mkfs.ext4", "-q", "-F", disk.toString());
    Path point = host.mount("disk", "-o", "loop", disk.toString());
    host.putDataIn(point.resolve("data"));
    Ledger ledger = new Ledger(4, 18, random);
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      for (int round = 0; round < ROUNDS; round++) {
        DaemonProcess daemon = start();
        ledger.check(host.connect());
        ledger.listen(true);
        live(ledger, threads, () -> cutPower(point, random.nextInt(LONGEST_LIFE_MS), ledger));
        daemon.kill();
        host.unmount(point);
        forgetSuperblock(disk);
        run("mount", "-o", "loop", disk.toString(), point.toString());
      }
      start();
      ledger.check(host.connect());
    } finally {
      threads.shutdownNow();
    }
    System.out.printf(
        "power loss: %d rounds, %d answered changes; %s%n", ROUNDS, ledger.answers(), outages);
  }

  private DaemonProcess start() throws Exception {
    long bootNs = System.nanoTime();
    DaemonProcess daemon = host.start();
    outages.over(bootNs);
    return daemon;
  }

  private interface Blow {
    void fall() throws Exception;
  }

  private void live(Ledger ledger, ExecutorService threads, Blow blow) throws Exception {
    long before = ledger.answers();
    List<Future<?>> atWork = new ArrayList<>();
    for (Ledger.Client client : ledger.clients()) {
      Wiretap connection = host.connect("powerless");
      atWork.add(threads.submit(() -> client.run(connection)));
    }
    Host.await("the first answer", () -> ledger.answers() > before);
    blow.fall();
    for (Future<?> client : atWork) {
      client.get(Wiretap.CALL_S, TimeUnit.SECONDS); // ends as its next change is refused
    }
  }

  private static void cutPower(Path point, int afterMs, Ledger ledger) throws Exception {
    assertThat(Files.isDirectory(point.resolve("data"))).isTrue();
    Process cut =
        new ProcessBuilder("perl", "-e", SHUT_DOWN, point.toString())
            .inheritIO()
            .redirectInput(ProcessBuilder.Redirect.PIPE)
            .start();
    Thread.sleep(afterMs);
    ledger.listen(false);
    cut.getOutputStream().close();
    assertThat(cut.waitFor()).as("exit code of the one who cuts the power").isZero();
  }

  /**
   * Puts a disk on a loop device of its own when it is mounted again. Others may have copied the
   * mount into a namespace of theirs, and the kernel would go on with what they hold.
   */
  static void forgetSuperblock(Path image) throws Exception {
    run("cp", "--sparse=always", image.toString(), image + ".copy");
    run("mv", image + ".copy", image.toString());
  }

  private static void run(String... command) throws Exception {
    Ran.of(new ProcessBuilder(command), Host.PATIENCE).ok();
  }
}
