package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.Printer;
import dev.metakey.cli.print.Terminal;
import dev.metakey.client.Answer;
import dev.metakey.link.LinkOptions;
import dev.metakey.link.LinkedRecord;
import dev.metakey.link.ObjectLinker;
import dev.metakey.model.MetakeyException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "link",
    footer = {
      "  metakey link prog.bpf.o -o linked.bpf.o",
      "  metakey link prog.bpf.o -o linked.bpf.o --wait 30s --service edge-xdp",
      "  metakey link prog.bpf.o --dry-run --form json",
      "",
      "- stands for standard input and output; the records then go to standard error.",
      "What the program produces is registered, what it consumes is resolved. If that",
      "fails, the output stays as it was.",
      "",
      "A loader must freeze the map .rodata.metakey before it loads programs. libbpf does, and",
      "cilium/ebpf from 0.12; older ones refuse every object. Before 0.17, cilium/ebpf needs objects",
      "that were compiled with -DMETAKEY_NO_WEAK.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      "2:bad input: the object, a name in it, an option or argument",
      "3:a field that the program consumes is not there",
      Exit.CONFLICT,
      Exit.NOT_PERMITTED,
      "6:no id or slot is left, or too many wait already",
      Exit.UNAVAILABLE,
      Exit.TOO_LATE,
    })
final class LinkVerb extends Verb {
  private static final Path STANDARD = Path.of("-");

  /** The linker takes no more. */
  private static final long MOST_BYTES = 256L << 20;

  @Parameters(
      paramLabel = "PROG",
      description = "The object that clang -target bpf -c wrote; -: standard input.")
  Path in = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where the linked object goes; may be PROG itself; -: standard output.")
  @Nullable Path out;

  @Option(
      names = "--wait",
      paramLabel = "DURATION",
      description =
          "How long to wait for what the program consumes, and before that for the daemon to be up:"
              + " 1ms to 24h.")
  @Nullable Duration wait;

  @Option(
      names = "--shared",
      description = "Let other services that also say --shared register what it produces.")
  boolean shared;

  @Option(
      names = "--dry-run",
      description = "Show what would be done, and do nothing; needs no FILE.")
  boolean dryRun;

  @Option(
      names = "--form",
      paramLabel = "FORM",
      order = 90,
      description = "How to print the records: ${COMPLETION-CANDIDATES}. Default: table.")
  @Nullable Output form;

  @Override
  public Integer call() throws IOException {
    Path target = out;
    if (target == null && !dryRun) {
      throw wrong("the output is missing; say -o FILE, or --dry-run to write none");
    }
    boolean toStandard = !dryRun && STANDARD.equals(target);
    if (toStandard && terminal().isOutTerminal()) {
      throw wrong("an object is not text for a terminal; send standard output to a file or a pipe");
    }
    if (!in.equals(STANDARD) && !toStandard) {
      print(terminal(), link(in, target));
      return 0;
    }
    // The linker reads and replaces files, so a stream goes through one.
    Path folder = Files.createTempDirectory("metakey-link");
    Path read = in.equals(STANDARD) ? folder.resolve("in.bpf.o") : in;
    Path written = toStandard ? folder.resolve("out.bpf.o") : target;
    try {
      if (in.equals(STANDARD)) {
        save(read);
      }
      Answer<List<LinkedRecord>> linked = link(read, written);
      if (toStandard && written != null) {
        terminal().copy(written);
      }
      print(toStandard ? terminal().withoutOut() : terminal(), linked);
      return 0;
    } catch (MetakeyException e) {
      // The user knows nothing of the temporary file.
      String text = e.text().replace(folder.resolve("in.bpf.o").toString(), "standard input");
      throw new MetakeyException(e.reason(), text, e.facts(), e);
    } finally {
      Files.deleteIfExists(folder.resolve("in.bpf.o"));
      Files.deleteIfExists(folder.resolve("out.bpf.o"));
      Files.delete(folder);
    }
  }

  private Answer<List<LinkedRecord>> link(Path from, @Nullable Path to) throws IOException {
    if (wait == null || wait.compareTo(Session.LONGEST) > 0) {
      return linkQuietly(from, to);
    }
    try (var unused =
        new Progress(
            terminal(),
            "what %s consumes".formatted(in.equals(STANDARD) ? "the object" : in.getFileName()),
            wait)) {
      return linkQuietly(from, to);
    }
  }

  private Answer<List<LinkedRecord>> linkQuietly(Path from, @Nullable Path to) throws IOException {
    LinkOptions options = new LinkOptions(shared, wait);
    Duration patience = wait == null ? RegisterVerb.PATIENCE : wait;
    try (Session session =
        Session.open(metakey, dryRun ? AT_ONCE : patience, false).expectingToWait()) {
      return to == null || dryRun
          ? ObjectLinker.plan(session.client(), from, options)
          : ObjectLinker.link(session.client(), from, to, options);
    }
  }

  private void print(Terminal to, Answer<List<LinkedRecord>> linked) {
    linked.value().stream()
        .filter(record -> !record.owners().isEmpty())
        .findFirst()
        .ifPresent(record -> CallingService.of(metakey).tell(to, record.owners()));
    new Printer(to, form == null ? metakey.form() : form).linked(linked);
    to.flush();
  }

  /** Saves standard input in a file of the usual permissions, which the linked object gets too. */
  private void save(Path file) throws IOException {
    try (InputStream input = new FileInputStream(FileDescriptor.in);
        OutputStream output = Files.newOutputStream(file)) {
      byte[] block = new byte[1 << 16];
      long bytes = 0;
      for (int count = input.read(block); count >= 0; count = input.read(block)) {
        bytes += count;
        if (bytes > MOST_BYTES) {
          throw wrong(
              "standard input has more than %d bytes; give one object".formatted(MOST_BYTES));
        }
        output.write(block, 0, count);
      }
    }
  }
}
