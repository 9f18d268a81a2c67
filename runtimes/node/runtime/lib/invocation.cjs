'use strict';

// One event: what its headers say, and the `context` argument made of them.

function parse(text, name) {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

class Invocation {
  constructor({ headers, body }) {
    this.headers = headers;
    this.body = body;
    this.id = headers['lambda-runtime-aws-request-id'];
    this.attempt = headers['lambda-runtime-invocation-id'];
    this.tenantId = headers['lambda-runtime-aws-tenant-id'];
  }

  event() {
    return this.body.length === 0 ? {} : JSON.parse(this.body.toString('utf8'));
  }

  forwardTrace() {
    const trace = this.headers['lambda-runtime-trace-id'];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
  }

  /** Adds to `context` what the environment and the headers know. */
  describe(context) {
    const { env } = process;
    const deadline = Number(this.headers['lambda-runtime-deadline-ms']);
    return Object.assign(context, {
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parse(this.headers['lambda-runtime-client-context'], 'ClientContext'),
      identity: parse(this.headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
      invokedFunctionArn: this.headers['lambda-runtime-invoked-function-arn'],
      awsRequestId: this.id,
      tenantId: this.tenantId,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    });
  }
}

module.exports = { Invocation };
