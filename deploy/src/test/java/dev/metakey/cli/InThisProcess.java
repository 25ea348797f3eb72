package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import java.io.StringWriter;
import java.util.Map;

/** A run of the command line inside this process: what it prints goes to no terminal. */
public final class InThisProcess {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Map<String, String> environment;

  public InThisProcess(Map<String, String> environment) {
    this.environment = environment;
  }

  /** Returns the exit code. */
  public int run(String... words) {
    Terminal.Kind file = Terminal.Kind.OTHER;
    return CommandTree.run(new Terminal(out, file, err, file, environment, () -> ""), words);
  }

  public String out() {
    return out.toString();
  }

  public String err() {
    return err.toString();
  }
}
