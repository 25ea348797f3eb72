package dev.metakey.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.cli.print.BpftraceScript;
import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import dev.metakey.model.Words;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "gen",
    footer = {
      "  metakey gen bpftrace edge.packet_id edge.client_ip -o values.bt",
      "  metakey gen pwru edge.packet_id",
      "",
      "bpftrace: a script that prints the values as packets are received; run it with bpftrace FILE. It",
      "contains the tag of this host, a secret: so only admins and members of the group metakey can",
      "make one, and FILE is for its owner alone. It holds until one of the fields is released.",
      "",
      "pwru: options for pwru. It cannot read what is in front of a packet, so it shows no values, only",
      "how many bytes of metadata (meta_len) the packet still has in each function of the kernel.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_FOUND,
      Exit.NOT_PERMITTED,
      Exit.NOWHERE,
    })
final class GenVerb extends Verb {
  /** For whom it is made. */
  enum Kind {
    BPFTRACE,
    PWRU;

    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  /** What pwru 1.0.9 has that concerns metadata; its address of a packet is that of the script. */
  private static final String PWRU = "--output-skb-shared-info --timestamp absolute";

  private static final Path STANDARD = Path.of("-");

  @Parameters(
      index = "0",
      paramLabel = "KIND",
      description = "What to make: ${COMPLETION-CANDIDATES}.")
  Kind kind = Kind.BPFTRACE;

  @Parameters(index = "1..*", paramLabel = "NAME", arity = "1..*", description = "The fields.")
  List<String> names = List.of();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where it goes; -: standard output, the default.")
  Path out = STANDARD;

  /**
   * What was made.
   *
   * @param note what its user has to know
   */
  private record Made(String text, boolean isSecret, String note) {}

  @Override
  public Integer call() throws IOException {
    Made made = read(this::make).value();
    if (out.equals(STANDARD)) {
      terminal().out().write(made.text);
    } else {
      write(made);
    }
    terminal().note(made.note);
    return 0;
  }

  private Answer<Made> make(MetakeyClient client) {
    Answer<List<Field>> fields = client.resolve(names);
    fields.value().forEach(field -> refuseWithoutPlace(field, fields.info().layout()));
    Made made =
        switch (kind) {
          case BPFTRACE -> bpftrace(fields, tag(client, fields.info()));
          case PWRU -> pwru();
        };
    return new Answer<>(fields.info(), fields.stale(), made);
  }

  private static Made bpftrace(Answer<List<Field>> fields, Tag tag) {
    String script = new BpftraceScript(fields.info(), tag).of(fields.value());
    return new Made(
        script,
        true,
        "the script contains this host's tag, a secret; make it anew for each use, and remove it afterwards");
  }

  private static Made pwru() {
    return new Made(
        PWRU + "\n",
        false,
        "pwru shows where packets lose their metadata, but no values; those are shown by 'metakey gen bpftrace', with the address that pwru has for the packet");
  }

  private static void refuseWithoutPlace(Field field, Layout layout) {
    if (field.id() >= Field.IDS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is the hardware's own and never in front of a packet; a program that copies it into a field of its own makes it visible"
              .formatted(field.name()));
    }
    if (layout == Layout.SLOTTED && field.slot() == 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s has no slot, so no packet carries it; it gets one when a service registers it"
              .formatted(field.name()));
    }
  }

  /** The tag that goes with the fields' places. */
  private static Tag tag(MetakeyClient client, RegistryInfo info) {
    Answer<Tag> tag = client.tag();
    if (!tag.info().withRevision(info.revision()).equals(info)) {
      throw new MetakeyException(
          Reason.UNAVAILABLE,
          "another registry, or one with another layout, answered in between; try again");
    }
    return tag.value();
  }

  private void write(Made made) throws IOException {
    try {
      if (Files.exists(out) && !Files.isRegularFile(out)) {
        throw wrong("%s is not a file; -o needs one that it can replace".formatted(out));
      }
      Path target = Files.exists(out) ? out.toRealPath() : out; // a link stays one
      ByteBuffer bytes = UTF_8.encode(made.text);
      AtomicFile.write(
          target,
          PosixFilePermissions.fromString(made.isSecret ? "rw-------" : "rw-r--r--"),
          file -> {
            while (bytes.hasRemaining()) {
              file.write(bytes);
            }
          });
    } catch (IOException e) {
      throw new IOException("%s cannot be written: %s".formatted(out, Failure.reason(e)), e);
    }
  }
}
