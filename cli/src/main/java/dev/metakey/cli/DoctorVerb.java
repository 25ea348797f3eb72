package dev.metakey.cli;

import dev.metakey.cli.print.Finding;
import dev.metakey.cli.print.Finding.Level;
import dev.metakey.cli.print.FindingForm;
import dev.metakey.cli.print.Output;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.KernelVersion;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Stamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    footer = {
      "  metakey doctor",
      "  metakey doctor --config /etc/metakey/metakeyd.yaml -o json",
      "",
      "Needs no daemon. As root it sees most: what it may not read is a warning.",
    },
    exitCodeList = {
      "0:nothing fails; there may be warnings",
      Exit.DEFECT,
      Exit.BAD_INPUT,
      "10:something fails",
    })
final class DoctorVerb extends Verb {
  private static final Path ROOT = Path.of("/");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The config that metakeyd runs with; default: the one that it reads by itself.")
  @Nullable Path config;

  @Option(
      names = "--backups",
      paramLabel = "DIR",
      description = "Where backups are kept. Default: ${DEFAULT-VALUE}, if it is there.")
  Path backups = Path.of("/var/backups/metakey");

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    if (form(output) == Output.NAME) {
      throw wrong("there are no names to print; use table, wide, json or jsonl");
    }
    List<Finding> findings = look();
    switch (form(output)) {
      case TABLE, WIDE -> new FindingForm(terminal()).print(findings);
      case JSON -> new FindingForm(terminal()).json(findings, false);
      case JSONL, NAME -> new FindingForm(terminal()).json(findings, true);
    }
    return findings.stream().anyMatch(f -> f.level() == Level.FAIL) ? Exit.UNHEALTHY : 0;
  }

  private List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    DaemonExam exam = new DaemonExam(ROOT);
    try {
      DaemonStatus status = ask(client -> client.status()).value();
      findings.addAll(exam.running(status, lastChangeMs()));
    } catch (MetakeyException e) {
      if (e.reason() == Reason.INVALID_REQUEST) {
        throw e; // the options are wrong
      }
      findings.add(Finding.fail("daemon", e.text(), ""));
      findings.add(published());
    }
    findings.add(ConfigExam.look(config));
    findings.addAll(new HostExam(ROOT, KernelVersion.here()).look());
    if (Files.isDirectory(backups)) {
      findings.add(DaemonExam.backup(backups, System.currentTimeMillis()));
    }
    return findings;
  }

  /** When a field that is kept was last made or released; 0 if there is none. */
  private long lastChangeMs() {
    return ask(client -> client.list()).value().stream()
        .flatMap(field -> Stream.of(field.created(), field.retired()))
        .mapToLong(Stamp::atMs)
        .max()
        .orElse(0);
  }

  /** What clients get while there is no daemon. */
  private Finding published() {
    try (Session session = Session.open(metakey, AT_ONCE, true)) {
      return Finding.warn(
          "files",
          "clients that only read go on with what was published at revision "
              + session.client().header().info().revision(),
          "");
    } catch (MetakeyException e) {
      return Finding.warn(
          "files", "nothing is published that can be read here, so no name can be resolved", "");
    }
  }
}
