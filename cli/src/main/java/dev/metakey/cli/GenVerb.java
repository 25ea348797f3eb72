package dev.metakey.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.cli.print.BpftraceScript;
import dev.metakey.cli.print.ConstantsText;
import dev.metakey.cli.print.ConstantsText.Language;
import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.model.Field;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Tag;
import dev.metakey.model.Words;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "gen",
    footer = {
      "  metakey gen c -o fields.h",
      "  metakey gen java --prefix edge. --package com.example.edge",
      "  metakey gen env edge.packet_id edge.client_ip",
      "  metakey gen python --owner edge-xdp.service --check fields.py",
      "  metakey gen bpftrace edge.packet_id edge.client_ip -o values.bt",
      "  metakey gen pwru edge.packet_id",
      "",
      "c, go, rust, java, python, env: constants like METAKEY_ID_EDGE_PACKET_ID (without METAKEY_ but in C",
      "and env), also SIZE and SLOT, in bytes; rt_tables: ids and names, as iproute2 has them. Ids are those",
      "of one host and hold until a field is released: where a program can ask at its start, it should.",
      "--check compares all but the revision; what differs is printed, as lines with - (FILE) and + (now).",
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
      "11:FILE is not what would be made now (--check)",
    })
final class GenVerb extends Verb {
  /** For whom it is made. */
  enum Kind {
    C(Language.C),
    GO(Language.GO),
    RUST(Language.RUST),
    JAVA(Language.JAVA),
    PYTHON(Language.PYTHON),
    ENV(Language.ENV),
    RT_TABLES(Language.RT_TABLES),
    BPFTRACE(null),
    PWRU(null);

    /** In which constants are made; null if something else is. */
    final @Nullable Language language;

    Kind(@Nullable Language language) {
      this.language = language;
    }

    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  /** What pwru 1.0.9 has that concerns metadata; its address of a packet is that of the script. */
  private static final String PWRU = "--output-skb-shared-info --timestamp absolute";

  /** What Go takes for a package is one part of this. */
  private static final Pattern PACKAGE = Pattern.compile("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*");

  private static final Path STANDARD = Path.of("-");

  @Parameters(
      index = "0",
      paramLabel = "KIND",
      description = "What to make: ${COMPLETION-CANDIDATES}.")
  Kind kind = Kind.BPFTRACE;

  @Parameters(
      index = "1..*",
      paramLabel = "NAME",
      arity = "0..*",
      description = "The fields. None: all of those that the options leave.")
  List<String> names = List.of();

  @Mixin Selection selection = new Selection();

  @Option(
      names = "--package",
      paramLabel = "NAME",
      description = "The package of the source. Default: metakey in go, none in java.")
  @Nullable String packageName;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where it goes; -: standard output, the default.")
  Path out = STANDARD;

  @Option(
      names = "--check",
      paramLabel = "FILE",
      description = "Make nothing; say how this file differs from what would be made now.")
  @Nullable Path checked;

  /**
   * What was made.
   *
   * @param note what its user has to know; empty if that is nothing
   */
  private record Made(String text, boolean isSecret, String note) {}

  @Override
  public Integer call() throws IOException {
    refuseWhatDoesNotGoTogether();
    Language language = kind.language;
    if (language == null) {
      return deliver(read(this::script).value());
    }
    Answer<List<Field>> fields = fields();
    String text =
        new ConstantsText(language, packageName).of(fields.info(), fields.value(), command(fields));
    return checked == null
        ? deliver(new Made(text, false, ""))
        : check(checked, fields.info(), text);
  }

  private void refuseWhatDoesNotGoTogether() {
    if (!names.isEmpty() && !selection.isAll()) {
      throw wrong("name the fields, or choose them by --prefix and owner, and not both");
    }
    if (kind.language == null && names.isEmpty()) {
      throw wrong("%s needs the names of fields".formatted(kind));
    }
    if (kind.language == null && checked != null) {
      throw wrong("--check is for constants; make what %s needs anew each time".formatted(kind));
    }
    if (checked != null && !out.equals(STANDARD)) {
      throw wrong("--check makes nothing, so there is nothing for -o to write");
    }
    if (packageName != null) {
      checkPackage(packageName);
    }
  }

  private void checkPackage(String name) {
    if (kind.language == null || !kind.language.hasPackages()) {
      throw wrong("--package is for go and java; %s has no packages".formatted(kind));
    }
    if (!PACKAGE.matcher(name).matches() || (kind == Kind.GO && name.contains("."))) {
      throw wrong(
          "%s is no package of %s; allowed: %s[a-z][a-z0-9_]*"
              .formatted(
                  Names.quote(name), kind, kind == Kind.GO ? "" : "dot-separated parts of "));
    }
  }

  /** Those that a name stands for: all that constants can be about. */
  private Answer<List<Field>> fields() {
    if (!names.isEmpty()) {
      return read(client -> client.resolve(names));
    }
    Answer<List<Field>> all = selection.list(this, Set.of());
    List<Field> wanted = all.value().stream().filter(Field::isResolvable).toList();
    if (wanted.isEmpty()) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "no field is chosen by%s; 'metakey list' shows all".formatted(selection));
    }
    return new Answer<>(all.info(), all.stale(), wanted);
  }

  /** The line that makes the same again, however its names were ordered. */
  private String command(Answer<List<Field>> fields) {
    StringBuilder line = new StringBuilder("metakey gen " + kind + selection);
    if (packageName != null) {
      line.append(" --package ").append(packageName);
    }
    if (!names.isEmpty()) {
      fields.value().stream()
          .sorted(Comparator.comparing(Field::id))
          .map(Field::name)
          .distinct()
          .forEach(name -> line.append(' ').append(name));
    }
    return line.toString();
  }

  private int deliver(Made made) throws IOException {
    if (out.equals(STANDARD)) {
      terminal().out().write(made.text);
    } else {
      write(made);
    }
    if (!made.note.isEmpty()) {
      terminal().note(made.note);
    }
    return 0;
  }

  private int check(Path file, RegistryInfo info, String now) {
    String then = new String(InputFile.read(file), UTF_8);
    List<String> differences = ConstantsText.differences(then, now);
    if (!differences.isEmpty()) {
      differences.forEach(terminal()::line);
      terminal()
          .note(
              "%s is not what is made at revision %d; make it anew with -o in place of --check"
                  .formatted(file, info.revision()));
      return Exit.WOULD_CHANGE;
    }
    if (!ConstantsText.isFrom(info, then)) {
      terminal()
          .note(
              "%s was made from another registry than %s; its ids, sizes and slots are the same"
                  .formatted(file, info.registryId()));
    }
    return 0;
  }

  private Answer<Made> script(MetakeyClient client) {
    Answer<List<Field>> fields = client.resolve(names);
    fields.value().forEach(field -> refuseWithoutPlace(field, fields.info().layout()));
    Made made = kind == Kind.PWRU ? pwru() : bpftrace(fields, tag(client, fields.info()));
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
    OutputFile.write(out, made.isSecret, made.text.getBytes(UTF_8));
  }
}
