# frozen_string_literal: true

# Waiting for a function: a process that was started before anybody knew which one it would
# serve.
#
# What to become comes over a descriptor: the environment, as `KEY=value` parts that end in a
# zero byte, until the end of the stream. Nothing at all means that the server has gone.

module LapwingRuntime
  module Standby
    FD_VARIABLE = '_LAPWING_STANDBY_FD'
    FORKS_VARIABLE = '_LAPWING_FORKS' # this process is a template: fork returns in its children
    FORK_NOW_VARIABLE = '_LAPWING_FORK_NOW' # what is forked before it is set, is for ourselves

    class << self
      def wanted?
        ENV.key?(FD_VARIABLE)
      end

      # True when this process has a function: its environment and folder.
      def wait
        fd = ENV.delete(FD_VARIABLE).to_i
        become_template if ENV.delete(FORKS_VARIABLE)
        content = IO.open(fd, 'rb', &:read)
        return false if content.empty?

        take_environment(content)
        Dir.chdir(ENV.fetch('LAMBDA_TASK_ROOT', '/var/task'))
        # Folders of gems that were not there a moment ago are the function's now.
        Gem.clear_paths if defined?(Gem)
        true
      end

      private

      # The children share what does not move any more.
      def become_template
        if Process.respond_to?(:warmup)
          Process.warmup
        else
          GC.start
          GC.compact if GC.respond_to?(:compact)
        end
        ENV[FORK_NOW_VARIABLE] = '1'
        fork
      end

      def take_environment(content)
        ENV.clear
        content.split("\0").each do |entry|
          key, equals, value = entry.partition('=')
          ENV[key] = value.force_encoding(Encoding::UTF_8) unless equals.empty?
        end
      end
    end
  end
end
