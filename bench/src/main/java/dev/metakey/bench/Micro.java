package dev.metakey.bench;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Collection;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the JMH benchmarks, always with what they allocate, and prints goals beside what was
 * measured. Takes JMH's own options, like a benchmark's name.
 */
public final class Micro {
  private Micro() {}

  public static void main(String[] args) throws Exception {
    CommandLineOptions given = new CommandLineOptions(args);
    if (given.shouldHelp()) {
      given.showHelp();
      return;
    }
    Options options =
        new OptionsBuilder()
            .parent(given)
            .addProfiler(GCProfiler.class)
            .forks(given.getForkCount().orElse(2))
            .warmupIterations(given.getWarmupIterations().orElse(3))
            .warmupTime(given.getWarmupTime().orElse(TimeValue.seconds(1)))
            .measurementIterations(given.getMeasurementIterations().orElse(5))
            .measurementTime(given.getMeasurementTime().orElse(TimeValue.seconds(1)))
            .build();
    print(new Runner(options).run());
  }

  private static void print(Collection<RunResult> results) {
    line("%n%-40s %9s %9s", "", "ns/op", "B/op");
    for (RunResult result : results) {
      line("%-40s %9.1f %9.1f", name(result), ns(result), bytes(result));
    }
    line("%n%-48s %9s %9s  %s", "goal", "at most", "measured", "reached");
    for (RunResult result : results) {
      if (name(result).startsWith("ViewBenchmark.by")) {
        atMost(name(result) + ", ns", 20, ns(result));
        atMost(name(result) + ", B/op", 0, Math.rint(bytes(result)));
      }
    }
  }

  private static String name(RunResult result) {
    String full = result.getParams().getBenchmark();
    return full.substring(full.lastIndexOf('.', full.lastIndexOf('.') - 1) + 1);
  }

  private static double ns(RunResult result) {
    return result.getPrimaryResult().getScore();
  }

  private static double bytes(RunResult result) {
    Result<?> normalised = result.getSecondaryResults().get("gc.alloc.rate.norm");
    return normalised == null ? Double.NaN : normalised.getScore();
  }

  private static void atMost(String what, double limit, double measured) {
    line("%-48s %9.0f %9.1f  %s", what, limit, measured, measured <= limit ? "yes" : "no");
  }

  @FormatMethod
  private static void line(String format, Object... values) {
    System.out.println(format.formatted(values).stripTrailing());
  }
}
